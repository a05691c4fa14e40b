//! Counts primes: the page puts jobs into a table, its workers take them out and write down what they
//! found. The table is the only thing that they share, and SQLite sees to it that no job is done twice.
//!
//! The same module runs on the page and in each worker, every time as an instance of its own.

use js_sys::{Array, Object, Reflect};
use sharedwal::rusqlite::{Connection, OptionalExtension, Row, TransactionBehavior, params};
use sharedwal::{Error, Runtime, RuntimeOptions};
use wasm_bindgen::prelude::*;

const SCHEMA: &str = "
    create table workers (name text primary key) without rowid;
    create table jobs (
        id integer primary key,
        first integer not null,
        last integer not null,
        worker text references workers,
        primes integer
    );
";

/// What the page has: the database, and a connection to look at it.
#[wasm_bindgen]
pub struct Board {
    runtime: Runtime,
    db: Connection,
}

#[wasm_bindgen]
impl Board {
    /// A new database, with an empty table of jobs.
    pub async fn create() -> Result<Board, JsError> {
        let mut options = RuntimeOptions::default();
        options.name = "primes".into();
        let runtime = Runtime::create(&options)?;
        let db = runtime.connect().await?;
        db.execute_batch(SCHEMA)?;
        Ok(Board { runtime, db })
    }

    /// What `postMessage` carries to a worker.
    pub fn handle(&self) -> JsValue {
        JsValue::from(&self.runtime)
    }

    /// Has the primes below `end` counted, in jobs of `length` numbers; how many jobs these are.
    ///
    /// The page must not wait for a lock, so it writes while no worker does.
    pub fn add_jobs(&mut self, end: u32, length: u32) -> Result<u32, JsError> {
        let transaction = self.db.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut jobs = 0;
        for first in (0..end).step_by(length.max(1) as usize) {
            let last = first.saturating_add(length).min(end) - 1;
            transaction.execute("insert into jobs (first, last) values (?1, ?2)", params![first, last])?;
            jobs += 1;
        }
        transaction.commit()?;
        Ok(jobs)
    }

    /// How far it is: `{ jobs, done, primes, workers: { name: jobs done } }`. Reading never waits.
    pub fn progress(&self) -> Result<JsValue, JsError> {
        let (jobs, done, primes) = self.db.query_row(
            "select count(*), count(primes), total(primes) from jobs",
            [],
            |row: &Row<'_>| Ok((row.get::<_, u32>(0)?, row.get::<_, u32>(1)?, row.get::<_, f64>(2)?)),
        )?;
        let mut select = self.db.prepare_cached(
            "select name, count(primes) from workers left join jobs on worker = name group by name",
        )?;
        let workers = Array::new();
        let mut rows = select.query([])?;
        while let Some(row) = rows.next()? {
            let (name, done): (String, u32) = (row.get(0)?, row.get(1)?);
            workers.push(&Array::of2(&name.into(), &done.into()));
        }
        let workers = Object::from_entries(&workers).map_err(thrown)?;
        let progress = Object::new();
        let fields = [
            ("jobs", jobs.into()),
            ("done", done.into()),
            ("primes", primes.into()),
            ("workers", workers.into()),
        ];
        for (name, value) in fields {
            Reflect::set(&progress, &name.into(), &value).map_err(thrown)?;
        }
        Ok(progress.into())
    }

    /// The database as a file of SQLite's.
    pub async fn export(&self) -> Result<Vec<u8>, JsError> {
        // The future may outlive the call.
        let runtime = self.runtime.clone();
        Ok(runtime.export_database().await?)
    }
}

/// What a worker has: a connection of its own.
#[wasm_bindgen]
pub struct Counter {
    name: String,
    db: Connection,
}

#[wasm_bindgen]
impl Counter {
    /// Takes the database that was posted, and enters the worker's name.
    pub async fn join(handle: JsValue, name: String) -> Result<Counter, JsError> {
        let db = Runtime::try_from(handle)?.connect().await?;
        db.execute("insert into workers (name) values (?1)", [&name])?;
        Ok(Counter { name, db })
    }

    /// Does jobs until there are no more; how many it did.
    pub fn work(&self) -> Result<u32, JsError> {
        let mut done = 0;
        while let Some((id, first, last)) = self.take_job()? {
            let primes = (first..=last).filter(|number| is_prime(*number)).count() as u32;
            self.db.prepare_cached("update jobs set primes = ?2 where id = ?1")?.execute([id, primes])?;
            done += 1;
        }
        Ok(done)
    }

    /// One statement is one transaction: nobody else takes the same job.
    fn take_job(&self) -> Result<Option<(u32, u32, u32)>, Error> {
        let mut take = self.db.prepare_cached(
            "update jobs set worker = ?1
             where id = (select id from jobs where worker is null order by id limit 1)
             returning id, first, last",
        )?;
        let job = |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?));
        Ok(take.query_row([&self.name], job).optional()?)
    }
}

fn is_prime(number: u32) -> bool {
    number >= 2 && (2..).take_while(|factor| factor * factor <= number).all(|factor| number % factor != 0)
}

fn thrown(error: JsValue) -> JsError {
    JsError::new(&format!("{error:?}"))
}
