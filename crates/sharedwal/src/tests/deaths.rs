//! Connections die at random, between any two changes of shared memory and in the middle of copies;
//! they are reaped, and the others go on. No committed row is lost, no snapshot is torn.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use rusqlite::Connection;

use super::random::Random;
use super::{connect, create_runtime, mortal};
use crate::connections::Slot;
use crate::layout::{self, locks, slot_states};
use crate::reaping::reap;
use crate::vfs::database_of;
use crate::{JournalMode, Runtime};

const ACCOUNTS: i64 = 40;
const TOTAL: i64 = 100 * ACCOUNTS;

/// Deaths in a row, each of a connection of its own, by `threads` threads at once.
fn run(mode: JournalMode, pragmas: &str, threads: u64, seconds: f64) {
    let runtime = create_runtime();
    let db = connect(&runtime, mode, Duration::from_secs(30));
    db.execute_batch(&format!(
        "create table accounts (id integer primary key, balance, pad);
         create table ledger (thread, n, primary key (thread, n)) without rowid;
         with recursive c (i) as (select 1 union all select i + 1 from c where i < {ACCOUNTS})
           insert into accounts select i, 100, printf('%.200c', 'x') from c"
    ))
    .unwrap();
    let deaths = AtomicU64::new(0);
    let commits = AtomicU64::new(0);
    let end = Instant::now() + Duration::from_secs_f64(if quick() { seconds / 4.0 } else { seconds });
    std::thread::scope(|scope| {
        for thread in 0..threads {
            let (runtime, deaths, commits) = (&runtime, &deaths, &commits);
            scope.spawn(move || {
                let mut random = Random::new(1000 + thread);
                let mut n = 0;
                while Instant::now() < end {
                    let mut life = Life { runtime, thread, random: &mut random, n };
                    n = life.live(mode, pragmas);
                    deaths.fetch_add(1, Ordering::SeqCst);
                }
                commits.fetch_add(n, Ordering::SeqCst);
            });
        }
    });
    check(&db);
    let deaths = deaths.into_inner();
    let commits = commits.into_inner();
    println!("{mode:?} {pragmas}: {deaths} deaths, {commits} commits");
    assert!(deaths > 30 && commits > 100, "{deaths} deaths, {commits} commits");
    assert_eq!(runtime.connections(), 1);
}

fn quick() -> bool {
    std::env::var_os("SHAREDWAL_QUICK").is_some()
}

fn check(db: &Connection) {
    let integrity: String = db.query_row("pragma integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(integrity, "ok");
    assert_eq!(integer(db, "select sum(balance) from accounts").unwrap(), TOTAL);
    let gaps =
        "select count(*) from (select max(n) as m, count(*) as c from ledger group by thread) where m <> c";
    assert_eq!(integer(db, gaps).unwrap(), 0);
}

fn integer(db: &Connection, sql: &str) -> rusqlite::Result<i64> {
    db.query_row(sql, [], |row| row.get(0))
}

/// One connection, from its opening to its death.
struct Life<'a> {
    runtime: &'a Runtime,
    thread: u64,
    random: &'a mut Random,
    /// The last row of this thread whose commit returned in life.
    n: u64,
}

impl Life<'_> {
    /// Returns the last row that is there.
    fn live(&mut self, mode: JournalMode, pragmas: &str) -> u64 {
        let db = connect(self.runtime, mode, Duration::from_secs(30));
        db.execute_batch(pragmas).unwrap();
        // What was acknowledged is there; one more may be, whose commit was the last thing done.
        let found =
            integer(&db, &format!("select ifnull(max(n), 0) from ledger where thread = {}", self.thread));
        let found = found.unwrap() as u64;
        assert!(found == self.n || found == self.n + 1, "{found} rows, {} acknowledged", self.n);
        self.n = found;
        // SAFETY: the connection is open, and nothing else uses its database now.
        let (slot, generation) = unsafe { database_of(db.handle()) }.unwrap().identity();
        mortal::die_after(self.random.below(1500) as u32);
        while !mortal::is_dead() {
            let result = self.act(&db);
            if let Err(error) = result
                && !mortal::is_dead()
            {
                panic!("{error}: {}", self.locks());
            }
        }
        std::mem::forget(db);
        mortal::revive();
        self.bury(slot, generation);
        self.n
    }

    /// Who holds what, for a failure's message.
    fn locks(&self) -> String {
        let words = self.runtime.inner().control();
        let mut held = String::new();
        for lock in 0..locks::COUNT {
            let mut state = [0; 7];
            words.load_many(layout::lock(lock), &mut state);
            if state[..4].iter().any(|word| *word != 0) {
                held += &format!("lock {lock}: {state:?}; ");
            }
        }
        let mut slots = [0; 8];
        words.load_many(layout::slot(0), &mut slots);
        format!("{held}slots {slots:x?}")
    }

    /// Reaps, at times by a reaper that dies of it, and then by another that reaps that one too.
    fn bury(&mut self, slot: u32, generation: u32) {
        let control = self.runtime.inner().control();
        let reaper = Slot::claim(control).unwrap();
        assert!(reaper.attach());
        if self.random.percent(40) {
            let dying = Slot::claim(control).unwrap();
            assert!(dying.attach());
            let (dying_slot, dying_generation) = (dying.index(), dying.generation());
            mortal::die_after(self.random.below(40) as u32);
            reap(control, dying_slot, slot, generation);
            std::mem::forget(dying);
            mortal::revive();
            assert!(reap(control, reaper.index(), dying_slot, dying_generation));
        }
        reap(control, reaper.index(), slot, generation);
        let word = control.load(layout::slot(slot));
        assert_ne!(word, layout::slot_word(generation, slot_states::DEAD));
        assert_ne!(word, layout::slot_word(generation, slot_states::LIVE));
    }

    fn act(&mut self, db: &Connection) -> rusqlite::Result<()> {
        match self.random.below(10) {
            0..3 => {
                db.execute_batch("begin")?;
                let sums = [(); 2].map(|()| integer(db, "select sum(balance) from accounts"));
                for sum in sums {
                    let sum = sum?;
                    assert!(mortal::is_dead() || sum == TOTAL, "a torn snapshot: {sum}");
                }
                db.execute_batch("commit")
            }
            3 => {
                let mode = ["passive", "full", "restart", "truncate"][self.random.below(4) as usize];
                db.query_row(&format!("pragma wal_checkpoint({mode})"), [], |_| Ok(()))
            }
            4 => {
                db.execute_batch("begin immediate")?;
                db.execute_batch("update accounts set balance = 0, pad = printf('%.900c', 'z')")?;
                db.execute_batch("rollback")
            }
            _ => self.transfer(db),
        }
    }

    fn transfer(&mut self, db: &Connection) -> rusqlite::Result<()> {
        let account = |random: &mut Random| random.below(ACCOUNTS as u64) as i64 + 1;
        let (from, to, amount) = (account(self.random), account(self.random), self.random.below(9) as i64);
        db.execute_batch("begin immediate")?;
        db.execute("update accounts set balance = balance - ?1 where id = ?2", [amount, from])?;
        if self.random.percent(20) {
            // Enough to spill from a small cache.
            db.execute_batch("update accounts set pad = printf('%.*c', 200 + random() % 100, 'y')")?;
        }
        db.execute("update accounts set balance = balance + ?1 where id = ?2", [amount, to])?;
        db.execute("insert into ledger values (?1, ?2)", [self.thread as i64, self.n as i64 + 1])?;
        db.execute_batch("commit")?;
        if !mortal::is_dead() {
            self.n += 1;
        }
        Ok(())
    }
}

#[test]
fn in_wal() {
    run(JournalMode::Wal, "pragma wal_autocheckpoint = 40", 3, 4.0);
}

#[test]
fn in_wal_with_spills() {
    run(JournalMode::Wal, "pragma cache_size = 5; pragma wal_autocheckpoint = 1000", 3, 4.0);
}

#[test]
fn with_a_rollback_journal() {
    run(JournalMode::Delete, "pragma cache_size = 5", 3, 4.0);
}
