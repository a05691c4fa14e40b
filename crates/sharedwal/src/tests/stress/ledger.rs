//! The database of the stress: accounts whose sum never changes, a version that every transaction
//! raises, and a counter for each worker.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use rusqlite::{Connection, Params};

use super::history::History;
use super::tally::Tally;
use super::{Case, Deaths};
use crate::connections::Slot;
use crate::layout::{EVICTIONS, LOCK_STALE_MS};
use crate::tests::{create_runtime, mortal};
use crate::{ConnectOptions, JournalMode, Runtime};

/// Accounts, and what is in each at the beginning.
pub const ACCOUNTS: i64 = 80;
const BALANCE: i64 = 1_000;

/// How long a statement waits for its lock before it is refused, which is an error here.
pub const BUSY_TIMEOUT: Duration = Duration::from_secs(60);

/// How long a connection may be silent whose death nobody can prove.
pub const STALE: Duration = Duration::from_millis(100);

/// One database, and what its users know of it.
pub struct Ledger {
    runtime: Runtime,
    pub case: Case,
    pub history: History,
    /// The highest version that a commit was acknowledged for.
    version: AtomicU64,
    commits: AtomicU64,
    reads: AtomicU64,
    deaths: AtomicU64,
    /// Frames of the log at its longest.
    longest_log: AtomicU64,
}

/// What one look at the ledger finds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Look {
    pub version: u64,
    /// Transactions that the counters of all workers tell of, and whose they were.
    pub counted: u64,
    counters: i64,
    /// What is in which account.
    balances: i64,
}

/// A number that a query answers.
pub fn number(db: &Connection, sql: &str, parameters: impl Params) -> i64 {
    let mut select = db.prepare_cached(sql).unwrap_or_else(|error| failed(sql, &error));
    let answer = select.query_row(parameters, |row| row.get(0));
    mortal::stop_if_dead();
    answer.unwrap_or_else(|error| failed(sql, &error))
}

/// An error that has no place here; SQLITE_PROTOCOL never has.
pub fn failed(sql: &str, error: &rusqlite::Error) -> ! {
    mortal::stop_if_dead();
    panic!("{sql}: {error:?}")
}

impl Ledger {
    pub fn create(case: &Case) -> Ledger {
        let runtime = create_runtime();
        runtime.inner().control().store(LOCK_STALE_MS, STALE.as_millis() as u32);
        let db = crate::tests::connect(&runtime, JournalMode::Keep, Duration::ZERO);
        db.execute_batch(&format!("pragma page_size = {}", case.page_size)).unwrap();
        db.execute_batch(&format!(
            "begin;
             create table account (id integer primary key, balance integer, pad text);
             create index by_balance on account (balance);
             create table counter (worker integer primary key, n integer);
             create table meta (version integer);
             insert into meta values (0);
             with recursive c (i) as (select 0 union all select i + 1 from c where i < {ACCOUNTS} - 1)
               insert into account select i, {BALANCE}, printf('%.200c', 'x') from c;
             with recursive c (i) as (select 0 union all select i + 1 from c where i < {} - 1)
               insert into counter select i, 0 from c;
             commit",
            case.threads
        ))
        .unwrap();
        drop(db);
        let ledger = Ledger {
            runtime,
            case: *case,
            history: History::default(),
            version: AtomicU64::new(0),
            commits: AtomicU64::new(0),
            reads: AtomicU64::new(0),
            deaths: AtomicU64::new(0),
            longest_log: AtomicU64::new(0),
        };
        let db = ledger.connect(ledger.slot());
        assert_eq!(number(&db, "pragma page_size", []), i64::from(case.page_size));
        ledger.history.intend(ledger.look(&db));
        ledger
    }

    pub fn runtime(&self) -> &Runtime {
        &self.runtime
    }

    /// A slot for a connection.
    pub fn slot(&self) -> Slot {
        let slot = self.runtime.inner().claim_slot();
        mortal::stop_if_dead();
        slot.unwrap()
    }

    /// A connection whose cache is too small for a transaction that touches every account.
    pub fn connect(&self, slot: Slot) -> Connection {
        let options = ConnectOptions {
            journal_mode: self.case.mode,
            busy_timeout: BUSY_TIMEOUT,
            ..ConnectOptions::default()
        };
        let db = self.runtime.connect_in(slot, &options).unwrap_or_else(|error| {
            mortal::stop_if_dead();
            panic!("{error}: {}", self.locks())
        });
        let mode = db.query_row("pragma journal_mode", [], |row| row.get::<_, String>(0));
        mortal::stop_if_dead();
        assert_eq!(mode.as_deref().ok(), self.case.mode.name());
        let checkpoint = self.case.autocheckpoint;
        db.execute_batch(&format!("pragma wal_autocheckpoint = {checkpoint}; pragma cache_size = 10"))
            .unwrap_or_else(|error| failed("pragma", &error));
        db.set_prepared_statement_cache_capacity(40);
        db
    }

    pub fn is_wal(&self) -> bool {
        self.case.mode == JournalMode::Wal
    }

    /// Bytes in the log and the journal, to tell whether a transaction has spilled.
    pub fn write_ahead_size(&self) -> u64 {
        self.runtime.write_ahead_size()
    }

    /// Frames in the log.
    pub fn frames(&self) -> u64 {
        self.write_ahead_size() / (u64::from(self.case.page_size) + 24)
    }

    /// Frames that the log had at its longest, when a transaction was committed.
    pub fn longest_log(&self) -> u64 {
        self.longest_log.load(Ordering::SeqCst)
    }

    /// The version that every look from now on must find or exceed.
    pub fn acknowledged(&self) -> u64 {
        self.version.load(Ordering::SeqCst)
    }

    /// Notes that a commit was acknowledged.
    pub fn acknowledge(&self, look: Look) {
        self.history.acknowledge(look);
        self.version.fetch_max(look.version, Ordering::SeqCst);
        self.commits.fetch_add(1, Ordering::SeqCst);
        self.longest_log.fetch_max(self.frames(), Ordering::SeqCst);
    }

    pub fn note_read(&self, look: Look) {
        self.history.see(look);
        self.reads.fetch_add(1, Ordering::SeqCst);
    }

    pub fn note_death(&self) {
        self.deaths.fetch_add(1, Ordering::SeqCst);
    }

    pub fn evictions(&self) -> u64 {
        self.runtime.inner().control().load(EVICTIONS).into()
    }

    pub fn commits(&self) -> u64 {
        self.commits.load(Ordering::SeqCst)
    }

    pub fn reads(&self) -> u64 {
        self.reads.load(Ordering::SeqCst)
    }

    pub fn deaths(&self) -> u64 {
        self.deaths.load(Ordering::SeqCst)
    }

    /// Looks, by different paths through the tables, and checks what must always hold.
    pub fn look(&self, db: &Connection) -> Look {
        let one = |sql: &str| number(db, sql, []);
        let sum = one("select sum(balance) from account not indexed");
        let look = Look {
            version: one("select version from meta") as u64,
            counted: one("select sum(n) from counter") as u64,
            counters: one("select sum(n * (worker * worker + 1)) from counter"),
            balances: one("select sum(balance * (id * id + 1)) from account not indexed"),
        };
        assert_eq!(one("select sum(balance) from account indexed by by_balance"), sum);
        assert_eq!(one("select count(*) from account"), ACCOUNTS);
        assert_eq!(sum, ACCOUNTS * BALANCE, "money was made or lost");
        assert_eq!(look.counted, look.version, "each transaction raises one counter and the version");
        look
    }

    /// The counter of a worker.
    pub fn counter(&self, db: &Connection, worker: u64) -> u64 {
        number(db, "select n from counter where worker = ?", [worker as i64]) as u64
    }

    pub fn check_integrity(&self, db: &Connection) {
        let answer = db.query_row("pragma integrity_check", [], |row| row.get::<_, String>(0));
        mortal::stop_if_dead();
        assert_eq!(answer.unwrap_or_else(|error| failed("integrity_check", &error)), "ok");
    }

    /// After all workers are done: every acknowledged commit is there, and nothing else.
    pub fn check_after(&self, tallies: &[Tally]) {
        assert_eq!(self.runtime.connections(), 0, "a connection left its slot behind");
        for _ in 0..2 {
            let db = self.connect(self.slot());
            let look = self.look(&db);
            self.history.see(look);
            assert!(look.version >= self.acknowledged());
            if let Deaths::None = self.case.deaths {
                assert_eq!(look.version, self.commits(), "acknowledged commits and the version");
            }
            for (worker, tally) in tallies.iter().enumerate() {
                let possible = tally.commits..=tally.commits + tally.in_flight;
                assert!(possible.contains(&self.counter(&db, worker as u64)), "worker {worker}: {tally:?}");
            }
            self.check_integrity(&db);
            drop(db);
            // Not after the workers: of two that close at the same time, each may find the other
            // one in the way, and then the log stays for the next close.
            assert_eq!(self.runtime.write_ahead_size(), 0, "the last close removes the log");
        }
    }
}
