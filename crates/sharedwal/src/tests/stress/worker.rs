//! One thread of the stress, with connections of its own.

use std::time::{Duration, Instant};

use rusqlite::{Connection, ErrorCode, ffi};

use super::ledger::{ACCOUNTS, BUSY_TIMEOUT, Ledger, Look, failed, number};
use super::lives::Identity;
use super::tally::Tally;
use crate::tests::mortal;
use crate::tests::random::Random;
use crate::vfs::database_of;

pub struct Worker<'a> {
    ledger: &'a Ledger,
    number: u64,
    random: Random,
    connections: Vec<Connection>,
    /// Of these connections, and of one that is being opened or closed.
    identities: Vec<Identity>,
    /// The connection that is used now.
    at: usize,
    tally: Tally,
    /// The highest version that this worker has seen.
    seen: u64,
    /// A commit has begun in which the worker died. As on a disk, it may come to light even later,
    /// when SQLite recovers the log, as long as nobody has committed after it.
    in_flight: bool,
}

impl<'a> Worker<'a> {
    pub fn new(ledger: &'a Ledger, number: u64, random: Random) -> Self {
        Worker {
            ledger,
            number,
            random,
            connections: Vec::new(),
            identities: Vec::new(),
            at: 0,
            tally: Tally::default(),
            seen: 0,
            in_flight: false,
        }
    }

    pub fn ledger(&self) -> &'a Ledger {
        self.ledger
    }

    pub fn random(&mut self) -> &mut Random {
        &mut self.random
    }

    /// Opens all connections.
    pub fn open(&mut self) {
        while self.connections.len() < self.ledger.case.connections {
            self.open_one();
        }
        self.at = 0;
        self.find_own_commits();
    }

    /// What was acknowledged is there and nothing else, but for a commit in flight.
    fn find_own_commits(&mut self) {
        let found = self.ledger.counter(self.db(), self.number);
        if self.in_flight && found == self.tally.commits + 1 {
            self.tally.commits = found;
            self.in_flight = false;
        }
        assert_eq!(found, self.tally.commits, "commits that worker {} finds", self.number);
    }

    fn open_one(&mut self) {
        let db = mortal::unfenced(|| {
            let slot = self.ledger.slot();
            self.identities.push((slot.index(), slot.generation()));
            self.ledger.connect(slot)
        });
        if self.random.percent(25) {
            // SQLite's own handler, which polls by xSleep.
            db.busy_timeout(BUSY_TIMEOUT).unwrap();
        }
        self.connections.push(db);
    }

    /// Drops the connections; returns what they were known by.
    pub fn leave(&mut self) -> Vec<Identity> {
        self.count_claims();
        self.connections.clear();
        std::mem::take(&mut self.identities)
    }

    pub fn finish(mut self) -> Tally {
        self.leave();
        self.tally.in_flight = u64::from(self.in_flight);
        self.tally
    }

    fn count_claims(&mut self) {
        for db in &self.connections {
            // SAFETY: the connection is open, and nothing else uses its database now.
            let database = unsafe { database_of(db.handle()) };
            self.tally.claims += database.map_or(0, |database| database.locks().claims());
        }
    }

    fn db(&self) -> &Connection {
        &self.connections[self.at]
    }

    /// Does one thing, on one of the connections.
    pub fn step(&mut self) {
        self.at = self.random.below(self.connections.len() as u64) as usize;
        match self.random.below(1000) {
            0..400 => self.transaction("begin immediate"),
            400..420 => self.transaction("begin exclusive"),
            420..540 => self.deferred(),
            540..620 => self.autocommit(),
            620..920 => self.read(),
            920..945 => self.checkpoint(),
            945..970 => self.reopen(),
            970..973 => self.ledger.check_integrity(self.db()),
            973..975 => self.vacuum(),
            975..990 if self.connections.len() > 1 => self.write_beside_a_reader(),
            975..980 if self.is_alone() => self.exclusive_mode(),
            _ => std::thread::yield_now(),
        }
    }

    fn is_alone(&self) -> bool {
        self.ledger.case.threads == 1 && self.connections.len() == 1
    }

    /// Runs statements that may have to wait, but must not be refused.
    fn run(&mut self, sql: &str) {
        let asked = Instant::now();
        let result = self.execute(sql, []);
        self.tally.longest_wait = self.tally.longest_wait.max(asked.elapsed());
        if let Err(error) = result {
            failed(sql, &error);
        }
    }

    fn execute(&self, sql: &str, parameters: impl rusqlite::Params) -> rusqlite::Result<()> {
        let mut statement = self.db().prepare_cached(sql).unwrap_or_else(|error| failed(sql, &error));
        // Pragmas answer with a row.
        let result = statement.query(parameters).and_then(|mut rows| {
            while rows.next()?.is_some() {}
            Ok(())
        });
        mortal::stop_if_dead();
        result
    }

    fn transfer(&mut self) -> rusqlite::Result<()> {
        let [from, to] = [(); 2].map(|()| self.random.below(ACCOUNTS as u64) as i64);
        let amount = self.random.below(20) as i64;
        self.execute("update account set balance = balance - ?1 where id = ?2", [amount, from])?;
        self.execute("update account set balance = balance + ?1 where id = ?2", [amount, to])
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
        let acknowledged = self.ledger.acknowledged().max(self.seen);
        self.run(begin);
        self.find_own_commits();
        let version = number(self.db(), "select version from meta", []) as u64;
        assert!(version >= acknowledged, "a writer begins at {version}, after {acknowledged}");
        self.body().unwrap_or_else(|error| failed("in a transaction", &error));
        self.end(version + 1);
    }

    /// Commits, or goes back.
    fn end(&mut self, version: u64) {
        let look = self.ledger.look(self.db());
        assert_eq!(look.version, version, "nobody else writes now");
        if self.random.percent(15) {
            self.run("rollback");
            self.tally.rollbacks += 1;
            return;
        }
        self.ledger.history.intend(look);
        self.in_flight = true;
        self.run("commit");
        self.in_flight = false;
        self.seen = version;
        self.tally.commits += 1;
        self.ledger.acknowledge(look);
    }

    /// Reads first and writes then, which SQLite refuses if another one writes or has written.
    fn deferred(&mut self) {
        self.run("begin");
        let look = self.ledger.look(self.db());
        self.find_own_commits();
        match self.body() {
            Ok(()) => self.end(look.version + 1),
            Err(error) => {
                let refused = matches!(&error, rusqlite::Error::SqliteFailure(code, _)
                    if code.extended_code == ffi::SQLITE_BUSY || code.extended_code == ffi::SQLITE_BUSY_SNAPSHOT);
                assert!(refused, "{error:?}");
                assert!(!self.db().is_autocommit(), "the transaction goes on reading");
                assert_eq!(self.ledger.look(self.db()), look, "what it read still holds");
                self.run("rollback");
                self.tally.refused += 1;
            }
        }
    }

    /// Single statements, each a transaction.
    fn autocommit(&mut self) {
        let sql = "update account set pad = printf('%.*c', ?1, 'z') where id = ?2";
        let pad = self.random.below(300) as i64;
        let id = self.random.below(ACCOUNTS as u64) as i64;
        let asked = Instant::now();
        self.execute(sql, [pad, id]).unwrap_or_else(|error| failed(sql, &error));
        self.tally.longest_wait = self.tally.longest_wait.max(asked.elapsed());
    }

    /// A read transaction begins: with what was acknowledged before, or something newer.
    fn begin_reading(&mut self) -> Look {
        let acknowledged = self.ledger.acknowledged().max(self.seen);
        self.run("begin");
        let asked = Instant::now();
        let look = self.ledger.look(self.db());
        self.tally.longest_read = self.tally.longest_read.max(asked.elapsed());
        assert!(look.version >= acknowledged, "{} read after {acknowledged} was acknowledged", look.version);
        self.find_own_commits();
        self.ledger.note_read(look);
        self.seen = look.version;
        look
    }

    /// And then it always sees the same.
    fn read(&mut self) {
        let first = self.begin_reading();
        for _ in 0..self.random.below(4) {
            if self.random.percent(30) {
                std::thread::yield_now();
            }
            assert_eq!(self.ledger.look(self.db()), first, "a snapshot does not change");
        }
        self.run("commit");
        self.tally.reads += 1;
    }

    /// One of the worker's connections writes while another one reads.
    fn write_beside_a_reader(&mut self) {
        if !self.ledger.is_wal() {
            return;
        }
        let reader = self.at;
        let writer = (reader + 1) % self.connections.len();
        // The writer's lock first: somebody who has it and waits for the reader would wait for
        // ever, and so would a checkpoint of its own.
        self.at = writer;
        self.run("pragma wal_autocheckpoint = 0");
        self.run("begin immediate");
        self.at = reader;
        let first = self.begin_reading();
        self.at = writer;
        self.body().unwrap_or_else(|error| failed("in a transaction", &error));
        self.end(first.version + 1);
        self.run(&format!("pragma wal_autocheckpoint = {}", self.ledger.case.autocheckpoint));
        self.at = reader;
        assert_eq!(self.ledger.look(self.db()), first, "a snapshot does not change");
        self.run("commit");
        self.tally.reads += 1;
        self.tally.beside += 1;
    }

    fn checkpoint(&mut self) {
        if !self.ledger.is_wal() || self.ledger.frames() < self.ledger.case.least_log {
            return;
        }
        let mode = ["passive", "full", "restart", "truncate"][self.random.below(4) as usize];
        let sql = format!("pragma wal_checkpoint({mode})");
        let result = self.db().query_row(&sql, [], |row| row.get(0));
        mortal::stop_if_dead();
        match result {
            // The first column tells that a reader or writer was in the way.
            Ok(busy) => self.tally.checkpoints += u64::from(0 == busy),
            Err(error) => assert_eq!(error.sqlite_error_code(), Some(ErrorCode::DatabaseBusy), "{error:?}"),
        }
    }

    fn vacuum(&mut self) {
        self.run("vacuum");
        self.tally.vacuums += 1;
    }

    /// For a connection that has the database for itself.
    fn exclusive_mode(&mut self) {
        self.run("pragma locking_mode = exclusive");
        for _ in 0..3 {
            self.transaction("begin immediate");
        }
        self.run("pragma locking_mode = normal");
        self.read();
        self.reopen();
    }

    fn reopen(&mut self) {
        self.count_claims_of_one();
        drop(self.connections.remove(self.at));
        mortal::stop_if_dead();
        self.identities.remove(self.at);
        self.open_one();
        self.tally.reopened += 1;
    }

    fn count_claims_of_one(&mut self) {
        // SAFETY: the connection is open, and nothing else uses its database now.
        let database = unsafe { database_of(self.db().handle()) };
        self.tally.claims += database.map_or(0, |database| database.locks().claims());
    }
}

/// The longest that a statement may wait for its lock, however slow the machine is.
pub const LONGEST_WAIT: Duration = Duration::from_secs(20);
