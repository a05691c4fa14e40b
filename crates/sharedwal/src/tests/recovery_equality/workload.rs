//! What the connections do: everything that changes the log or the wal-index, at random.

use std::time::Duration;

use rusqlite::{Connection, ErrorCode};

use crate::tests::random::Random;
use crate::tests::{connect, create_runtime};
use crate::{JournalMode, Runtime};

/// Rows of the table; updating all of them overflows the cache many times.
const ROWS: u64 = 1500;

/// A database with its table.
pub fn create(page_size: u32) -> Runtime {
    let runtime = create_runtime();
    let db = connect(&runtime, JournalMode::Keep, Duration::ZERO);
    db.execute_batch(&format!("pragma page_size = {page_size}")).unwrap();
    db.execute_batch(
        "create table item (id integer primary key, key integer, body blob);
         create index item_key on item (key)",
    )
    .unwrap();
    runtime
}

/// What the database says, by table and by index.
#[derive(Debug, PartialEq, Eq)]
pub struct Content {
    by_table: (i64, i64, i64),
    by_index: (i64, i64),
}

impl Content {
    pub fn of(db: &Connection) -> Content {
        let answer: String = db.query_row("pragma integrity_check", [], |row| row.get(0)).unwrap();
        assert_eq!(answer, "ok");
        let by_table =
            "select count(*), total(id * 7 + key) % 1000003, total(length(body)) from item not indexed";
        let by_index = "select count(*), total(key) % 1000003 from item indexed by item_key where key >= 0";
        let number = |row: &rusqlite::Row, at| row.get::<_, f64>(at).map(|value| value as i64);
        Content {
            by_table: db
                .query_row(by_table, [], |row| Ok((row.get(0)?, number(row, 1)?, number(row, 2)?)))
                .unwrap(),
            by_index: db.query_row(by_index, [], |row| Ok((row.get(0)?, number(row, 1)?))).unwrap(),
        }
    }
}

/// How often the log is checkpointed.
#[derive(Debug, Clone, Copy)]
pub struct Habits {
    /// Explicit checkpoints in a thousand steps.
    pub checkpoints: u64,
    pub autocheckpoint: u32,
    pub busy_timeout: Duration,
}

/// One connection and what it does.
pub struct Actor {
    runtime: Runtime,
    pub db: Connection,
    random: Random,
    habits: Habits,
    /// Steps for which an open transaction stays as it is.
    pauses: u64,
}

impl Actor {
    pub fn new(runtime: &Runtime, random: Random, habits: Habits) -> Actor {
        Actor { db: open(runtime, habits), runtime: runtime.clone(), random, habits, pauses: 0 }
    }

    /// Does one thing, in the middle of the transaction that the one before may have left open.
    pub fn step(&mut self) {
        if self.pauses > 0 {
            self.pauses -= 1;
        } else if !self.db.is_autocommit() {
            self.go_on();
        } else if self.random.below(1000) < self.habits.checkpoints {
            let mode = ["passive", "full", "restart", "truncate"][self.random.below(4) as usize];
            self.run(&format!("pragma wal_checkpoint({mode})"));
        } else {
            match self.random.below(100) {
                0..40 => self.change(),
                40..70 => self.run("begin immediate"),
                70..95 => {
                    self.run("begin");
                    self.run("select count(*) from item");
                    self.pauses = self.random.below(12);
                }
                _ => self.db = open(&self.runtime, self.habits),
            }
        }
    }

    /// Ends the transaction, if there is one.
    pub fn finish(&mut self) {
        self.pauses = 0;
        if !self.db.is_autocommit() {
            let end = if self.random.percent(50) { "commit" } else { "rollback" };
            if !self.succeeds(end) && !self.db.is_autocommit() {
                self.run("rollback");
            }
        }
    }

    /// One commit at the least, so that the log begins as its header says.
    pub fn commit(&self) {
        let sql =
            "insert into item (id, key, body) values (0, 1, null) on conflict do update set key = key + 1";
        while !self.succeeds(sql) {
            std::thread::yield_now();
        }
    }

    fn go_on(&mut self) {
        match self.random.below(100) {
            0..45 => self.change(),
            45..55 => {
                self.run("savepoint s");
                self.change();
            }
            // Refused where there is no such savepoint.
            55..63 => drop(self.db.execute_batch("rollback to s")),
            63..68 => drop(self.db.execute_batch("release s")),
            68..76 => self.pauses = self.random.below(5),
            _ => self.finish(),
        }
    }

    /// One to a thousand rows.
    fn change(&mut self) {
        let from = self.random.below(ROWS);
        let to = match self.random.below(10) {
            0 | 1 => ROWS,
            2 => from + 60,
            _ => from,
        };
        let length = self.random.below(500);
        let key = self.random.below(1000);
        if self.random.percent(8) {
            self.run(&format!("delete from item where id between {from} and {}", from + 40));
        } else {
            self.run(&format!(
                "with recursive n (i) as (select {from} union all select i + 1 from n where i < {to})
                 insert into item (id, key, body) select i, {key} + i, zeroblob({length}) from n where true
                   on conflict do update set key = excluded.key, body = excluded.body"
            ));
        }
    }

    fn run(&self, sql: &str) {
        self.succeeds(sql);
    }

    /// Whether it went well; refusals are part of life, other errors are not.
    fn succeeds(&self, sql: &str) -> bool {
        let result = self.db.prepare(sql).and_then(|mut statement| {
            let mut rows = statement.raw_query();
            while rows.next()?.is_some() {}
            Ok(())
        });
        match result {
            Ok(()) => true,
            Err(error) if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) => {
                // A reader that may not write can never write in this transaction.
                if !self.db.is_autocommit() {
                    self.db.execute_batch("rollback").unwrap();
                }
                false
            }
            Err(error) => panic!("{sql}: {error:?}"),
        }
    }
}

fn open(runtime: &Runtime, habits: Habits) -> Connection {
    let db = connect(runtime, JournalMode::Wal, habits.busy_timeout);
    db.execute_batch(&format!(
        "pragma synchronous = off; pragma cache_size = 10; pragma wal_autocheckpoint = {}",
        habits.autocheckpoint
    ))
    .unwrap();
    db
}
