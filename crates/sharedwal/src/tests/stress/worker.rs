//! One thread of the stress, with a connection of its own.

use std::time::{Duration, Instant};

use rusqlite::{Connection, ErrorCode, ffi};

use super::ledger::{ACCOUNTS, Ledger};
use crate::tests::random::Random;

/// What a worker did.
#[derive(Debug, Default, Clone)]
pub struct Tally {
    pub commits: u64,
    pub reads: u64,
    pub rollbacks: u64,
    /// Deferred transactions that could not be upgraded.
    pub refused: u64,
    pub checkpoints: u64,
    pub reopened: u64,
    /// Transactions that wrote to the log, or touched every account, before they were committed.
    pub spills: u64,
    /// The longest that a statement waited for its lock.
    pub longest_wait: Duration,
}

impl Tally {
    pub fn plus(mut self, other: &Tally) -> Tally {
        self.commits += other.commits;
        self.reads += other.reads;
        self.rollbacks += other.rollbacks;
        self.refused += other.refused;
        self.checkpoints += other.checkpoints;
        self.reopened += other.reopened;
        self.spills += other.spills;
        self.longest_wait = self.longest_wait.max(other.longest_wait);
        self
    }
}

/// How a transaction ends.
enum End {
    Commit,
    Rollback,
}

pub struct Worker<'a> {
    ledger: &'a Ledger,
    number: u64,
    random: Random,
    db: Connection,
    tally: Tally,
    /// The highest version that this worker has seen.
    seen: u64,
}

impl<'a> Worker<'a> {
    pub fn new(ledger: &'a Ledger, number: u64, random: Random) -> Self {
        Worker { ledger, number, random, db: ledger.connect(), tally: Tally::default(), seen: 0 }
    }

    /// Does one thing.
    pub fn step(&mut self) {
        match self.random.below(1000) {
            0..420 => self.transaction("begin immediate"),
            420..440 => self.transaction("begin exclusive"),
            440..560 => self.deferred(),
            560..640 => self.autocommit(),
            640..950 => self.read(),
            950..970 => self.checkpoint(),
            970..990 => self.reopen(),
            990..993 => self.ledger.check_integrity(&self.db),
            _ => std::thread::yield_now(),
        }
    }

    pub fn finish(self) -> Tally {
        self.tally
    }

    /// Runs statements that may have to wait, but must not be refused.
    fn run(&mut self, sql: &str) {
        let asked = Instant::now();
        let result = self.db.prepare_cached(sql).unwrap().raw_execute();
        self.tally.longest_wait = self.tally.longest_wait.max(asked.elapsed());
        result.unwrap_or_else(|error| panic!("{sql}: {error:?}"));
    }

    fn execute(&self, sql: &str, parameters: impl rusqlite::Params) -> rusqlite::Result<usize> {
        self.db.prepare_cached(sql).unwrap().execute(parameters)
    }

    fn transfer(&mut self) -> rusqlite::Result<()> {
        let [from, to] = [(); 2].map(|()| self.random.below(ACCOUNTS as u64) as i64);
        let amount = self.random.below(20) as i64;
        self.execute("update account set balance = balance - ?1 where id = ?2", [amount, from])?;
        self.execute("update account set balance = balance + ?1 where id = ?2", [amount, to])?;
        Ok(())
    }

    /// Touches every account, so that the cache overflows.
    fn spill(&mut self) -> rusqlite::Result<()> {
        let before = self.ledger.write_ahead_size();
        let length = 100 + self.random.below(200) as i64;
        self.execute("update account set pad = printf('%.*c', ?1, 'y') where id % 7 <> 3", [length])?;
        self.tally.spills += u64::from(self.ledger.write_ahead_size() > before || !self.ledger.is_wal());
        Ok(())
    }

    /// The body of a transaction; the first statement of a deferred one may be refused.
    fn body(&mut self) -> rusqlite::Result<()> {
        let worker = self.number as i64;
        self.execute("update counter set n = n + 1 where worker = ?1", [worker])?;
        self.execute("update meta set version = version + 1", [])?;
        for _ in 0..self.random.below(4) {
            self.transfer()?;
        }
        if self.random.percent(8) {
            self.spill()?;
        }
        if self.random.percent(15) {
            self.execute("savepoint s", [])?;
            self.transfer()?;
            if self.random.percent(40) {
                self.spill()?;
            }
            if self.random.percent(60) {
                self.execute("rollback to s", [])?;
                if self.random.percent(50) {
                    self.transfer()?;
                }
            }
            self.execute("release s", [])?;
        }
        Ok(())
    }

    fn transaction(&mut self, begin: &str) {
        let acknowledged = self.ledger.acknowledged();
        self.run(begin);
        let version = self.version();
        assert!(version >= acknowledged, "a writer begins at {version}, after {acknowledged}");
        self.body().unwrap();
        let look = self.ledger.look(&self.db);
        assert_eq!(look.version, version + 1, "nobody else writes now");
        let end = if self.random.percent(15) { End::Rollback } else { End::Commit };
        self.end(end, version + 1);
    }

    fn end(&mut self, end: End, version: u64) {
        match end {
            End::Commit => {
                self.run("commit");
                self.seen = version;
                self.tally.commits += 1;
                self.ledger.acknowledge(version);
            }
            End::Rollback => {
                self.run("rollback");
                self.tally.rollbacks += 1;
            }
        }
    }

    /// Reads first and writes then, which SQLite refuses if another one writes or has written.
    fn deferred(&mut self) {
        self.run("begin");
        let look = self.ledger.look(&self.db);
        match self.body() {
            Ok(()) => self.end(End::Commit, look.version + 1),
            Err(error) => {
                let refused = matches!(&error, rusqlite::Error::SqliteFailure(code, _)
                    if code.extended_code == ffi::SQLITE_BUSY || code.extended_code == ffi::SQLITE_BUSY_SNAPSHOT);
                assert!(refused, "{error:?}");
                assert!(!self.db.is_autocommit(), "the transaction goes on reading");
                assert_eq!(self.ledger.look(&self.db), look, "what it read still holds");
                self.run("rollback");
                self.tally.refused += 1;
            }
        }
    }

    /// Single statements, each a transaction.
    fn autocommit(&mut self) {
        let pad = self.random.below(300) as i64;
        let id = self.random.below(ACCOUNTS as u64) as i64;
        let asked = Instant::now();
        self.execute("update account set pad = printf('%.*c', ?1, 'z') where id = ?2", [pad, id]).unwrap();
        self.tally.longest_wait = self.tally.longest_wait.max(asked.elapsed());
    }

    fn version(&self) -> u64 {
        let mut select = self.db.prepare_cached("select version from meta").unwrap();
        select.query_row([], |row| row.get::<_, i64>(0)).unwrap() as u64
    }

    /// A read transaction: fresh when it begins, and then always the same.
    fn read(&mut self) {
        let acknowledged = self.ledger.acknowledged().max(self.seen);
        self.run("begin");
        let first = self.ledger.look(&self.db);
        assert!(
            first.version >= acknowledged,
            "{} read after {acknowledged} was acknowledged",
            first.version
        );
        let own = self.ledger.counter(&self.db, self.number);
        assert_eq!(own, self.tally.commits, "a worker sees its own commits, and only those");
        for _ in 0..self.random.below(4) {
            if self.random.percent(30) {
                std::thread::yield_now();
            }
            assert_eq!(self.ledger.look(&self.db), first, "a snapshot does not change");
        }
        self.run("commit");
        self.seen = first.version;
        self.tally.reads += 1;
        self.ledger.note_read();
    }

    fn checkpoint(&mut self) {
        if !self.ledger.is_wal() {
            return;
        }
        let mode = ["passive", "full", "restart", "truncate"][self.random.below(4) as usize];
        let result = self.db.query_row(&format!("pragma wal_checkpoint({mode})"), [], |row| row.get(0));
        match result {
            // The first column tells that a reader or writer was in the way.
            Ok(busy) => self.tally.checkpoints += u64::from(0 == busy),
            Err(error) => assert_eq!(error.sqlite_error_code(), Some(ErrorCode::DatabaseBusy), "{error:?}"),
        }
    }

    fn reopen(&mut self) {
        self.db = self.ledger.connect();
        self.tally.reopened += 1;
    }
}
