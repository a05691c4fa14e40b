//! Shared memory that says anything: words of the control block and of the wal-index, random or such
//! as another version may leave them, under a connection that is open and for one that comes later.
//!
//! What SQLite makes of it is an error or a wrong answer; the words of a foreign writer cannot be told
//! from good ones. But nothing may panic, hang, or reach beyond its memory.

use std::cell::Cell;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bolero::TypeGenerator;
use rusqlite::Connection;

use super::{duration, fuzz, without_panic};
use crate::layout::{self, FileKind, file_word, lock_word, slot_states};
use crate::layout::{
    ATTACHED, CONTROL_WORDS, EPOCH, HEADER, HEADER_WORDS, INDEX_PAGE_WORDS, INDEX_PAGES, PUBLISHER, SLOTS,
    VERSION, slot_word,
};
use crate::memory::Words;
use crate::memory::heap::HeapWords;
use crate::ordered_section::TEST_PATIENCE;
use crate::reaping::reap;
use crate::{ConnectOptions, JournalMode, Runtime, RuntimeOptions};

/// Where a word changes.
#[derive(Debug, TypeGenerator)]
enum Place {
    Any(u16),
    Publisher,
    Version,
    Epoch,
    Attached,
    IndexPages,
    Header(u8),
    FileUnits(u8),
    FileTail(u8),
    FileExists(u8),
    LockOwner(u8),
    LockWord(u8, u8),
    Slot(u8),
    Connection(u8),
    IndexGeneration(u8),
}

impl Place {
    fn word(&self) -> u32 {
        let file = |n: u8| match n % 4 {
            0 => FileKind::Database,
            1 => FileKind::WriteAhead,
            2 => FileKind::Journal,
            _ => FileKind::SuperJournal(0),
        };
        let word = |base: u32, word: u32| base + word;
        match *self {
            Place::Any(at) => u32::from(at) % CONTROL_WORDS,
            Place::Publisher => PUBLISHER,
            Place::Version => VERSION,
            Place::Epoch => EPOCH,
            Place::Attached => ATTACHED,
            Place::IndexPages => INDEX_PAGES,
            Place::Header(at) => HEADER + u32::from(at) % HEADER_WORDS,
            Place::FileUnits(n) => word(layout::file(file(n)), file_word::UNITS),
            Place::FileTail(n) => word(layout::file(file(n)), file_word::TAIL),
            Place::FileExists(n) => word(layout::file(file(n)), file_word::EXISTS),
            Place::LockOwner(n) => word(layout::lock(u32::from(n) % layout::locks::COUNT), lock_word::OWNER),
            Place::LockWord(n, at) => {
                word(layout::lock(u32::from(n) % layout::locks::COUNT), u32::from(at) % lock_word::WAITING)
            }
            Place::Slot(n) => layout::slot(u32::from(n) % SLOTS),
            Place::Connection(n) => layout::connection(u32::from(n) % SLOTS),
            Place::IndexGeneration(n) => layout::index_generation(n.into()),
        }
    }
}

/// What stands there then.
#[derive(Debug, TypeGenerator)]
enum Value {
    Any(u32),
    Small(u8),
    Most,
    Sign,
    /// As it was, and so much more.
    More(i8),
    Bit(u8),
    /// A slot's word.
    Slot(u8, u8),
}

impl Value {
    fn after(&self, was: u32) -> u32 {
        match *self {
            Value::Any(value) => value,
            Value::Small(value) => value.into(),
            Value::Most => u32::MAX,
            Value::Sign => 1 << 31,
            Value::More(more) => was.wrapping_add_signed(more.into()),
            Value::Bit(bit) => was ^ 1 << (bit % 32),
            Value::Slot(generation, state) => slot_word(generation.into(), state.into()),
        }
    }
}

#[derive(Debug, TypeGenerator)]
struct Case {
    rollback: bool,
    /// Frames in the log beforehand, and whether the first connection is inside a transaction.
    rows: u8,
    inside: Inside,
    changes: Vec<(Place, Value)>,
    index_changes: Vec<(u16, Value)>,
    /// Every word of the control block at random, instead of the changes.
    all: Option<u64>,
    reaped: Vec<(u8, u8, u8)>,
}

#[derive(Debug, Clone, Copy, TypeGenerator)]
enum Inside {
    Nothing,
    Read,
    Write,
}

/// Patience of everything that waits, so that what takes seconds takes milliseconds.
const PATIENCE: Duration = Duration::ZERO;
/// SQLite tries a hundred times what fails, for each of some twenty statements: that takes up to
/// a second. What takes this long hangs.
const BOUND: Duration = Duration::from_secs(10);

fn connect(runtime: &Runtime, rollback: bool) -> Result<Connection, crate::Error> {
    let journal_mode = if rollback { JournalMode::Delete } else { JournalMode::Wal };
    let options = ConnectOptions { journal_mode, busy_timeout: PATIENCE, ..ConnectOptions::default() };
    runtime.connect_blocking_with(&options)
}

/// Statements that reach every path of the VFS; returns how many were refused.
fn use_database(db: &Connection, statements: &[&str]) -> u32 {
    let run = |sql: &&str| {
        let result = db.prepare(sql).and_then(|mut statement| {
            let mut rows = statement.raw_query();
            while rows.next()?.is_some() {}
            Ok(())
        });
        u32::from(result.is_err())
    };
    statements.iter().map(run).sum()
}

const WORK: [&str; 9] = [
    "select count(*), sum(length(x)) from t",
    "insert into t values (zeroblob(900))",
    "begin immediate",
    "insert into t select zeroblob(400) from t limit 30",
    "rollback",
    "pragma wal_checkpoint(truncate)",
    "pragma integrity_check",
    "delete from t where rowid % 2",
    "pragma journal_mode",
];

fn spoil(runtime: &Runtime, case: &Case) {
    let (control, index) = (runtime.inner().control(), runtime.inner().index());
    let change = |at, value: &Value| control.store(at, value.after(control.load(at)));
    case.changes.iter().for_each(|(place, value)| change(place.word(), value));
    if let Some(seed) = case.all {
        let mut random = crate::tests::random::Random::of_seed(seed, 0);
        (0..CONTROL_WORDS).for_each(|at| control.store(at, random.next() as u32));
        // Some connections can be made even then.
        (0..SLOTS / 2).for_each(|slot| control.store(layout::slot(slot), slot_word(slot, slot_states::FREE)));
        control.store(layout::DISPOSED, 0);
    }
    for (at, value) in &case.index_changes {
        let at = u32::from(*at) % INDEX_PAGE_WORDS;
        index.store(at, value.after(index.load(at)));
    }
}

/// Returns how many statements were refused, and whether a connection was.
fn run(case: &Case) -> (u32, bool) {
    let mut options = RuntimeOptions::default();
    (options.max_database_capacity, options.max_write_ahead_capacity) = (1 << 20, 1 << 20);
    options.initial_database_capacity = 1 << 16;
    options.initial_write_ahead_capacity = 1 << 16;
    let runtime = Runtime::create(&options).unwrap();
    let first = connect(&runtime, case.rollback).unwrap();
    first.execute_batch("create table t (x); begin").unwrap();
    for _ in 0..case.rows {
        first.execute_batch("insert into t values (zeroblob(700))").unwrap();
    }
    first.execute_batch("commit").unwrap();
    match case.inside {
        Inside::Nothing => {}
        Inside::Read => first.execute_batch("begin; select * from t").unwrap(),
        Inside::Write => {
            let begin = "pragma cache_size = 5; begin; insert into t select x from t; select * from t";
            first.execute_batch(begin).unwrap();
        }
    }
    spoil(&runtime, case);

    let mut refused = use_database(&first, &["select count(*) from t", "commit"]);
    let second = connect(&runtime, case.rollback);
    if let Ok(second) = &second {
        refused += use_database(second, &WORK);
    }
    refused += use_database(&first, &WORK);
    let control = runtime.inner().control();
    for (reaper, slot, generation) in &case.reaped {
        reap(control, (*reaper).into(), (*slot).into(), (*generation).into());
    }
    for slot in 0..SLOTS {
        let generation = control.load(layout::slot(slot)) >> slot_states::GENERATION_SHIFT;
        reap(control, SLOTS - 1, slot, generation);
    }
    let connected = second.is_ok();
    drop((first, second));
    let _ = (runtime.connections(), runtime.database_size(), runtime.write_ahead_size(), runtime.dispose());
    (refused, connected)
}

#[test]
fn shared_memory_with_anything_in_it() {
    TEST_PATIENCE.set(Some(PATIENCE));
    let (cases, refused, unconnected) = (Cell::new(0), Cell::new(0), Cell::new(0));
    let slowest = Cell::new(Duration::ZERO);
    fuzz(duration(), |case: &Case| {
        let started = Instant::now();
        let (statements, connected) = without_panic(BOUND, || run(case));
        slowest.set(slowest.get().max(started.elapsed()));
        cases.set(cases.get() + 1);
        refused.set(refused.get() + u32::from(statements > 0));
        unconnected.set(unconnected.get() + u32::from(!connected));
    });
    let (cases, refused, unconnected) = (cases.get(), refused.get(), unconnected.get());
    println!("{cases} cases; statements were refused in {refused}, the connection in {unconnected}");
    println!("the slowest took {:?}", slowest.get());
    assert!(refused > 0 && unconnected < cases);
    // On a slow machine no case may be among them that spoils nothing of weight.
    let nothing = Case {
        rollback: false,
        rows: 20,
        inside: Inside::Read,
        changes: Vec::new(),
        index_changes: Vec::new(),
        all: None,
        reaped: Vec::new(),
    };
    assert_eq!(run(&nothing), (0, true), "where nothing is spoilt, nothing is refused");
}

/// Slots that say of each other, and of themselves, that they are being reaped.
#[test]
fn reapers_in_a_circle() {
    let words: Arc<dyn Words> = Arc::new(HeapWords::new(CONTROL_WORDS));
    let (reaper, dead, others) = (63, 3, [4, 5]);
    let say = |slot, state| words.store(layout::slot(slot), slot_word(1, state));
    let state = |slot| words.load(layout::slot(slot)) & slot_states::MASK;
    say(reaper, slot_states::REAPING + others[1]);
    say(dead, slot_states::DEAD);
    say(others[0], slot_states::REAPING + dead);
    say(others[1], slot_states::REAPING + others[0]);
    assert!(without_panic(BOUND, || reap(&words, reaper, dead, 1)));
    assert_eq!([dead, others[0], others[1]].map(state), [slot_states::FREE; 3]);
    assert_eq!(state(reaper), slot_states::REAPING + others[1]);
}
