//! Dead in the middle of each thing that a connection does, by name: a thread dies before the first
//! change of shared memory that the work makes, in another run before the second, and so on until
//! the work is done alive. Each time it is reaped, and whoever comes next recovers by itself.
//!
//! Who is next makes a difference, so each death happens twice: before a connection that was there all
//! the time and reads, and before one that is opened after it and writes. In a long run of the stress
//! it happens four times, with either doing either.
//!
//! That a sweep went through the middle of the work, and not around it, is looked for in the shared
//! memory that the dead thread left: each test says how often at least.

mod life;
mod rollback;
mod wal;

use std::collections::BTreeMap;
use std::time::Duration;

use rusqlite::Connection;

use super::{mortal, take_unattached};
use crate::connections::Slot;
use crate::injection::Point;
use crate::layout::{self, ATTACHED, FileKind, HEADER, PUBLISHER, lock_word, slot_states};
use crate::memory::Words;
use crate::reaping::reap;
use crate::vfs::database_of;
use crate::{JournalMode, Runtime, RuntimeOptions};

const ROWS: i64 = 24;
/// The sum of `x` before a transaction that changes it, and after it.
const BEFORE: i64 = 7 * ROWS;
const AFTER: i64 = ROWS;
/// Touches every row and more pages than the cache has.
const CHANGE: &str = "begin immediate; update t set x = 1, pad = printf('%.300c', 'y'); commit";

const KIB: u64 = 1 << 10;

/// Who comes after the death.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Next {
    /// A connection that was there all the time; else one that is opened now.
    survivor: bool,
    writes: bool,
}

const ALL: [Next; 4] = [
    Next { survivor: true, writes: false },
    Next { survivor: true, writes: true },
    Next { survivor: false, writes: false },
    Next { survivor: false, writes: true },
];

/// Those for work that only a connection that is alone can do.
const NEWCOMERS: [Next; 2] = [ALL[2], ALL[3]];

/// What is done to the database, and by whom.
struct Work<'a> {
    name: &'a str,
    mode: JournalMode,
    next: &'a [Next],
    /// What the one that dies does before, alive.
    prepare: &'a str,
    /// What it dies of. It has the connection, so that it can close it.
    work: &'a dyn Fn(&Runtime, &mut Option<Connection>),
    /// Sums that may be found, in their order: what was committed, and what the one that died was
    /// about to commit.
    allowed: &'a [i64],
    /// Where a death was; several names, none, or one.
    place: &'a dyn Fn(&Death<'_>) -> Vec<&'static str>,
    /// So many deaths at least, in each run of the sweep, at these places.
    least: &'a [(&'static str, u32)],
}

/// What a death left behind.
struct Death<'a> {
    runtime: &'a Runtime,
    slot: u32,
    /// The last point that was passed alive.
    last: Option<Point>,
    /// Bytes that the segments of the database and of the log had before.
    reserved: [u64; 2],
    /// The database file as it was before.
    database: &'a [u8],
}

impl Death<'_> {
    fn words(&self) -> &dyn Words {
        self.runtime.inner().control().as_ref()
    }

    fn owns(&self, lock: u32) -> bool {
        self.words().load(layout::lock(lock) + lock_word::OWNER) == self.slot + 1
    }

    /// Bits of the locks that the dead one shares.
    fn shares(&self) -> u32 {
        self.words().load(layout::connection(self.slot) + layout::connection_word::SHARED)
    }

    fn publishes(&self) -> bool {
        self.words().load(PUBLISHER) == self.slot + 1
    }

    fn is_attached(&self) -> bool {
        self.words().load(ATTACHED + self.slot / 32) & (1 << (self.slot % 32)) != 0
    }

    fn slot_state(&self) -> u32 {
        self.words().load(layout::slot(self.slot)) & slot_states::MASK
    }

    /// A word of the shared wal-index header.
    fn header(&self, word: u32) -> u32 {
        self.words().load(HEADER + word)
    }

    fn bytes(&self, kind: FileKind) -> Vec<u8> {
        bytes(self.runtime, kind)
    }

    fn passed(&self, point: Point) -> bool {
        self.last == Some(point)
    }
}

fn bytes(runtime: &Runtime, kind: FileKind) -> Vec<u8> {
    let file = runtime.inner().file(kind);
    let mut bytes = vec![0; file.size() as usize];
    assert_eq!(file.read(0, &mut bytes), bytes.len());
    bytes
}

/// A small runtime: it is made thousands of times.
fn create(initial: u64) -> Runtime {
    let options = RuntimeOptions {
        initial_database_capacity: initial,
        initial_write_ahead_capacity: initial,
        max_database_capacity: 512 * KIB,
        max_write_ahead_capacity: 512 * KIB,
        segment_capacity: 128 * KIB,
        ..RuntimeOptions::default()
    };
    Runtime::create(&options).unwrap()
}

fn connect(runtime: &Runtime, mode: JournalMode) -> Connection {
    let db = super::connect(runtime, mode, Duration::ZERO);
    db.execute_batch("pragma wal_autocheckpoint = 0; pragma cache_size = 10; pragma cache_spill = 1")
        .unwrap();
    db
}

/// The runtime with a database of small pages in this mode.
fn fill(runtime: &Runtime, mode: JournalMode, page_size: u32) {
    let db = super::connect(runtime, JournalMode::Keep, Duration::ZERO);
    db.execute_batch(&format!(
        "pragma page_size = {page_size};
         create table t (id integer primary key, x, pad);
         create index by_x on t (x);
         with recursive c (i) as (select 1 union all select i + 1 from c where i < {ROWS})
           insert into t select i, 7, printf('%.200c', 'x') from c"
    ))
    .unwrap();
    drop(db);
    drop(connect(runtime, mode));
}

fn sum(db: &Connection) -> rusqlite::Result<i64> {
    db.query_row("select sum(x) from t not indexed", [], |row| row.get(0))
}

/// What a read transaction finds: the sum, by both paths, in a sound database.
fn look(db: &Connection, what: &str) -> i64 {
    db.execute_batch("begin").unwrap();
    let found = sum(db).unwrap_or_else(|error| panic!("{what}: {error}"));
    let number = |sql: &str| db.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
    assert_eq!(number("select sum(x) from t indexed by by_x where x > -1"), found, "{what}");
    assert_eq!(number("select count(*) from t where id between 1 and 1000"), ROWS, "{what}");
    let answer: String = db.query_row("pragma integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(answer, "ok", "{what}");
    db.execute_batch("commit").unwrap();
    found
}

/// Writes without waiting, and takes it back.
fn write(db: &Connection, what: &str) {
    db.execute_batch("update t set x = x + 1 where id <= 1000")
        .unwrap_or_else(|error| panic!("{what}: {error}"));
    db.execute_batch("update t set x = x - 1 where id <= 1000")
        .unwrap_or_else(|error| panic!("{what}: {error}"));
}

/// Reaps what is dead: proof is the caller's.
fn bury(runtime: &Runtime, (slot, generation): (u32, u32)) {
    let control = runtime.inner().control();
    if take_unattached(control, slot, generation) {
        return;
    }
    let reaper = Slot::claim(control, 0).unwrap();
    assert!(reaper.attach());
    // Nothing is to be done for one that closed its connection before it died.
    reap(control, reaper.index(), slot, generation);
}

impl Work<'_> {
    /// Dies before every change. `ready` makes the database, which is the same each time.
    fn sweep(&self, ready: &dyn Fn() -> Runtime) {
        let all = std::env::var_os("SHAREDWAL_STRESS_SECONDS").is_some();
        for next in self.next.iter().filter(|next| all || next.survivor != next.writes) {
            let mut places: BTreeMap<&str, u32> = BTreeMap::new();
            let mut deaths = 0;
            let mut stride = Stride::default();
            let mut changes = 0;
            while let Some(found) = self.die_after(&ready(), *next, changes) {
                assert!(changes < 20_000, "{}: it never comes to the end", self.name);
                deaths += 1;
                changes = stride.next(changes, found.contains(&BULK));
                for place in found {
                    *places.entry(place).or_default() += 1;
                }
            }
            println!("{}, {next:?}: {deaths} deaths, of {changes} changes: {places:?}", self.name);
            for (place, least) in self.least {
                let there = places.get(place).copied().unwrap_or(0);
                assert!(there >= *least, "{}, {next:?}: {there} deaths in '{place}'", self.name);
            }
        }
    }

    /// One death, and what comes after it; where it was. `None` if the work was done before.
    fn die_after(&self, runtime: &Runtime, next: Next, changes: u32) -> Option<Vec<&'static str>> {
        let what = format!("{}, {next:?}, dead after {changes} changes", self.name);
        let survivor = next.survivor.then(|| connect(runtime, JournalMode::Keep));
        // It has a copy of the wal-index, and pages in its cache.
        if let Some(db) = &survivor {
            look(db, &what);
        }
        let mut dying = (!self.prepare.is_empty()).then(|| connect(runtime, self.mode));
        if let Some(db) = &dying {
            db.execute_batch(self.prepare).unwrap();
        }
        let identity = match &dying {
            // SAFETY: the connection is open, and nothing else uses its database now.
            Some(db) => unsafe { database_of(db.handle()) }.unwrap().identity(),
            // The next one to be claimed.
            None => next_identity(runtime),
        };
        let (reserved, database) = (reserved(runtime), bytes(runtime, FileKind::Database));

        mortal::die_after(changes);
        mortal::until_death(|| (self.work)(runtime, &mut dying));
        let died = mortal::is_dead();
        let last = mortal::last_point();
        mortal::die_after(0);
        drop(dying);
        mortal::revive();
        let death = Death { runtime, slot: identity.0, last, reserved, database: &database };
        let found = died.then(|| (self.place)(&death));

        bury(runtime, identity);
        assert_eq!(runtime.connections(), usize::from(next.survivor), "{what}: a slot was left behind");
        // Whoever it is does not wait, and is not refused.
        let db = survivor.unwrap_or_else(|| connect(runtime, JournalMode::Keep));
        if !next.writes {
            let first = self.check(look(&db, &what), &what);
            // A commit that its writer died in may come to light with the next look, when SQLite
            // recovers the log: as long as nobody else has written.
            let second = self.check(look(&db, &what), &what);
            assert!(first <= second, "{what}: what was there is not there any more");
        }
        write(&db, &what);
        let sum = look(&db, &what);
        let place = self.check(sum, &what);
        assert!(died || place + 1 == self.allowed.len(), "{what}: {sum} when the work was done");
        let other = connect(runtime, JournalMode::Keep);
        assert_eq!(look(&other, &what), sum, "{what}: another one finds something else");
        drop((db, other));
        assert_eq!(runtime.connections(), 0, "{what}");
        assert_eq!(runtime.write_ahead_size(), 0, "{what}: the last close removes the log");
        assert_eq!(look(&connect(runtime, JournalMode::Keep), &what), sum, "{what}: in the file alone");
        found
    }

    /// Which of the sums that may be found this is.
    fn check(&self, sum: i64, what: &str) -> usize {
        let place = self.allowed.iter().position(|allowed| *allowed == sum);
        place.unwrap_or_else(|| panic!("{what}: {sum}"))
    }
}

/// Bytes that the segments of the database and of the log have.
fn reserved(runtime: &Runtime) -> [u64; 2] {
    [FileKind::Database, FileKind::WriteAhead].map(|kind| runtime.inner().file(kind).reserved())
}

/// Who the next connection will be.
fn next_identity(runtime: &Runtime) -> (u32, u32) {
    let slot = Slot::claim(runtime.inner().control(), 0).unwrap();
    (slot.index(), slot.generation() + 1)
}

/// A place where thousands of changes are alike: stores of zeros over a page that nobody has. Most of
/// them are left out, but none after them.
const BULK: &str = "bulk";

#[derive(Default)]
struct Stride {
    long: bool,
    done: bool,
}

impl Stride {
    const LENGTH: u32 = 131;

    fn next(&mut self, changes: u32, bulk: bool) -> u32 {
        if bulk && !self.done {
            self.long = true;
            return changes + Self::LENGTH;
        }
        if self.long {
            // The end of it was stepped over: back to the first change that was left out.
            (self.long, self.done) = (false, true);
            return changes - Self::LENGTH + 1;
        }
        changes + 1
    }
}
