//! A shared in-memory database for the threads of a program: four take in the requests of a web server,
//! and two make reports of them meanwhile.
//!
//!     cargo run --release --example threads [requests] [file]
//!
//! Each writer keeps the totals beside the requests that it inserts, in the same transaction. So every
//! report, at whatever moment, must find totals that are those of the requests: a reader sees one state.

use std::error::Error;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, ScopedJoinHandle};
use std::time::{Duration, Instant};

use sharedwal::rusqlite::{Connection, TransactionBehavior, params};
use sharedwal::{ConnectOptions, Runtime, RuntimeOptions};

const WRITERS: i64 = 4;
const REPORTERS: usize = 2;
const BATCH: i64 = 100;
const PATHS: [&str; 4] = ["/", "/docs", "/blog", "/search"];

const SCHEMA: &str = "
    create table requests (id integer primary key, writer integer, path text, milliseconds integer);
    create table totals (path text primary key, requests integer, milliseconds integer) without rowid;
";

/// What every thread may return to the one that waits for it.
type Failure = Box<dyn Error + Send + Sync>;

fn main() -> Result<(), Failure> {
    let mut arguments = std::env::args().skip(1);
    let requests: i64 = arguments.next().map_or(Ok(100_000), |text| text.parse())?;
    let file = arguments.next();

    let mut options = RuntimeOptions::default();
    options.name = "requests".into();
    options.max_database_capacity = 512 << 20;
    let runtime = Runtime::create(&options)?;
    let db = runtime.connect_blocking()?;
    db.execute_batch(SCHEMA)?;

    let start = Instant::now();
    let done = AtomicBool::new(false);
    let reports = thread::scope(|scope| {
        let reporters: Vec<_> =
            (0..REPORTERS).map(|_| scope.spawn(|| report_until(&runtime, &done))).collect();
        let writers: Vec<_> = (0..WRITERS)
            .map(|writer| {
                let share = requests / WRITERS + i64::from(writer < requests % WRITERS);
                let runtime = &runtime;
                scope.spawn(move || write(runtime, writer, share))
            })
            .collect();
        let written: Vec<_> = writers.into_iter().map(joined).collect();
        done.store(true, Ordering::Release);
        let reports: Result<Vec<u64>, Failure> = reporters.into_iter().map(joined).collect();
        written.into_iter().collect::<Result<(), Failure>>()?;
        reports
    })?;
    let time = start.elapsed();

    let there = report(&db)?;
    if there != requests {
        return Err(format!("{there} requests are there of {requests}").into());
    }
    let counters = runtime.diagnostics().counters;
    println!(
        "{requests} requests by {WRITERS} threads in {time:.2?}, and {reports:?} reports meanwhile; \
         {} commits, {} waits for a lock",
        counters.commits, counters.lock_waits,
    );
    let mut by_path =
        db.prepare("select path, requests, milliseconds / requests from totals order by path")?;
    let mut rows = by_path.query([])?;
    while let Some(row) = rows.next()? {
        let (path, requests, mean): (String, i64, i64) = (row.get(0)?, row.get(1)?, row.get(2)?);
        println!("{path:>8}  {requests} requests, {mean} ms each");
    }
    if let Some(file) = file {
        std::fs::write(&file, runtime.export_database_blocking()?)?;
        println!("The database is in {file}: sqlite3 {file} .schema");
    }
    Ok(())
}

fn joined<T>(thread: ScopedJoinHandle<'_, Result<T, Failure>>) -> Result<T, Failure> {
    thread.join().unwrap_or_else(|_| Err("a thread panicked".into()))
}

/// Takes in a share of the requests, in transactions of [`BATCH`].
fn write(runtime: &Runtime, writer: i64, share: i64) -> Result<(), Failure> {
    let mut options = ConnectOptions::default();
    options.busy_timeout = Duration::from_secs(30);
    let mut db = runtime.connect_blocking_with(&options)?;
    let mut random = writer as u64 + 1;
    for first in (0..share).step_by(BATCH as usize) {
        // Immediate: it waits for its turn here, and not in its middle.
        let transaction = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
        {
            let mut insert = transaction
                .prepare_cached("insert into requests (writer, path, milliseconds) values (?1, ?2, ?3)")?;
            let mut count = transaction.prepare_cached(
                "insert into totals values (?1, 1, ?2) on conflict (path) do update
                 set requests = requests + 1, milliseconds = milliseconds + excluded.milliseconds",
            )?;
            for _ in first..share.min(first + BATCH) {
                // Knuth's linear congruential generator.
                random =
                    random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                let (path, milliseconds) = (PATHS[(random >> 62) as usize], (random >> 40) as u8);
                insert.execute(params![writer, path, milliseconds])?;
                count.execute(params![path, milliseconds])?;
            }
        }
        transaction.commit()?;
    }
    Ok(())
}

/// Makes reports until the writers are done, and one after that; how many.
fn report_until(runtime: &Runtime, done: &AtomicBool) -> Result<u64, Failure> {
    let mut options = ConnectOptions::default();
    options.read_only = true;
    let db = runtime.connect_blocking_with(&options)?;
    let (mut newest, mut reports) = (0, 0);
    loop {
        let last = done.load(Ordering::Acquire);
        let requests = report(&db)?;
        if requests < newest {
            return Err(format!("{requests} requests, after {newest}").into());
        }
        (newest, reports) = (requests, reports + 1);
        if last {
            return Ok(reports);
        }
    }
}

/// How many requests there are. In one transaction they are what the totals say.
fn report(db: &Connection) -> Result<i64, Failure> {
    let transaction = db.unchecked_transaction()?;
    let sums =
        |sql: &str| transaction.query_row(sql, [], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?)));
    let counted = sums("select count(*), coalesce(sum(milliseconds), 0) from requests")?;
    let told = sums("select coalesce(sum(requests), 0), coalesce(sum(milliseconds), 0) from totals")?;
    if counted != told {
        return Err(format!("the requests are {counted:?}, and the totals say {told:?}").into());
    }
    Ok(counted.0)
}
