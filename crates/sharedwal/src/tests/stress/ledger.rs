//! The database of the stress: accounts whose sum never changes, a version that every transaction
//! raises, and a counter for each worker.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use rusqlite::Connection;

use super::Case;
use super::worker::Tally;
use crate::tests::{connect, create_runtime};
use crate::{JournalMode, Runtime};

/// Accounts, and what is in each at the beginning.
pub const ACCOUNTS: i64 = 80;
const BALANCE: i64 = 1_000;

/// One database, and what its users know of it.
pub struct Ledger {
    runtime: Runtime,
    mode: JournalMode,
    autocheckpoint: u32,
    /// The highest version that a commit was acknowledged for.
    version: AtomicU64,
    commits: AtomicU64,
    reads: AtomicU64,
}

/// What one look at the ledger finds.
#[derive(Debug, PartialEq, Eq)]
pub struct Look {
    pub sum: i64,
    pub version: u64,
    /// Transactions that the counters of all workers tell of.
    pub counted: u64,
}

impl Ledger {
    pub fn create(case: &Case) -> Ledger {
        let runtime = create_runtime();
        let db = connect(&runtime, JournalMode::Keep, Duration::ZERO);
        db.execute_batch(&format!("pragma page_size = {}", case.page_size)).unwrap();
        let ledger = Ledger {
            runtime,
            mode: case.mode,
            autocheckpoint: case.autocheckpoint,
            version: AtomicU64::new(0),
            commits: AtomicU64::new(0),
            reads: AtomicU64::new(0),
        };
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
        let db = ledger.connect();
        let size: u32 = db.query_row("pragma page_size", [], |row| row.get(0)).unwrap();
        assert_eq!(size, case.page_size);
        ledger
    }

    /// A connection whose cache is too small for a transaction that touches every account.
    pub fn connect(&self) -> Connection {
        let db = connect(&self.runtime, self.mode, Duration::from_secs(60));
        let mode: String = db.query_row("pragma journal_mode", [], |row| row.get(0)).unwrap();
        assert_eq!(Some(mode.as_str()), self.mode.name());
        db.execute_batch(&format!(
            "pragma wal_autocheckpoint = {}; pragma cache_size = 10",
            self.autocheckpoint
        ))
        .unwrap();
        db.set_prepared_statement_cache_capacity(40);
        db
    }

    pub fn is_wal(&self) -> bool {
        self.mode == JournalMode::Wal
    }

    /// Bytes in the log and the journal, to tell whether a transaction has spilled.
    pub fn write_ahead_size(&self) -> u64 {
        self.runtime.write_ahead_size()
    }

    /// The version that every look from now on must find or exceed.
    pub fn acknowledged(&self) -> u64 {
        self.version.load(Ordering::SeqCst)
    }

    /// Notes that a commit of this version was acknowledged.
    pub fn acknowledge(&self, version: u64) {
        self.version.fetch_max(version, Ordering::SeqCst);
        self.commits.fetch_add(1, Ordering::SeqCst);
    }

    pub fn note_read(&self) {
        self.reads.fetch_add(1, Ordering::SeqCst);
    }

    pub fn commits(&self) -> u64 {
        self.commits.load(Ordering::SeqCst)
    }

    pub fn reads(&self) -> u64 {
        self.reads.load(Ordering::SeqCst)
    }

    /// Looks, by different paths through the tables, and checks what must always hold.
    pub fn look(&self, db: &Connection) -> Look {
        let one =
            |sql: &str| -> i64 { db.prepare_cached(sql).unwrap().query_row([], |row| row.get(0)).unwrap() };
        let look = Look {
            sum: one("select sum(balance) from account not indexed"),
            version: one("select version from meta") as u64,
            counted: one("select sum(n) from counter") as u64,
        };
        assert_eq!(one("select sum(balance) from account indexed by by_balance"), look.sum);
        assert_eq!(one("select count(*) from account"), ACCOUNTS);
        assert_eq!(look.sum, ACCOUNTS * BALANCE, "money was made or lost");
        assert_eq!(look.counted, look.version, "each transaction raises one counter and the version");
        look
    }

    /// The counter of a worker.
    pub fn counter(&self, db: &Connection, worker: u64) -> u64 {
        let mut select = db.prepare_cached("select n from counter where worker = ?").unwrap();
        select.query_row([worker as i64], |row| row.get::<_, i64>(0)).unwrap() as u64
    }

    pub fn check_integrity(&self, db: &Connection) {
        let answer: String = db.query_row("pragma integrity_check", [], |row| row.get(0)).unwrap();
        assert_eq!(answer, "ok");
    }

    /// After all workers are done: every acknowledged commit is there, and nothing else.
    pub fn check_after(&self, tallies: &[Tally]) {
        assert_eq!(self.runtime.connections(), 0, "a connection left its slot behind");
        for _ in 0..2 {
            let db = self.connect();
            let look = self.look(&db);
            assert_eq!(look.version, self.commits(), "acknowledged commits and the version");
            for (worker, tally) in tallies.iter().enumerate() {
                assert_eq!(self.counter(&db, worker as u64), tally.commits, "commits of worker {worker}");
            }
            self.check_integrity(&db);
            drop(db);
            // Not after the workers: of two that close at the same time, each may find the other
            // one in the way, and then the log stays for the next close.
            assert_eq!(self.runtime.write_ahead_size(), 0, "the last close removes the log");
        }
    }
}
