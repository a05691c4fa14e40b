//! Locks that snapshots and the retry path of readers take shared, and what a checkpoint leaves
//! behind that dies in its middle.

use std::time::{Duration, Instant};

use rusqlite::{Connection, ffi};

use super::{connect_without_checkpoints as connect, create_runtime, invalidate_header, mortal};
use crate::connections::Slot;
use crate::layout::{self, locks};
use crate::locks::LockTable;
use crate::reaping::reap;
use crate::vfs::database_of;
use crate::{Error, Runtime, Snapshot};

const ROWS: i64 = 200;

fn integer(db: &Connection, sql: &str) -> rusqlite::Result<i64> {
    db.query_row(sql, [], |row| row.get(0))
}

fn code(error: &rusqlite::Error) -> i32 {
    match error {
        rusqlite::Error::SqliteFailure(code, _) => code.extended_code,
        error => panic!("not an error of SQLite's: {error}"),
    }
}

/// A table in the database file, and a short log that knows nothing of it.
fn table_in_the_file(db: &Connection) {
    db.execute_batch(&format!(
        "create table t (id integer primary key, x, pad); create table u (y);
         with recursive c (i) as (select 1 union all select i + 1 from c where i < {ROWS})
           insert into t select i, 1, printf('%.500c', 'x') from c"
    ))
    .unwrap();
    assert_eq!(integer(db, "pragma wal_checkpoint(truncate)").unwrap(), 0);
    db.execute_batch("insert into u values (1)").unwrap();
}

/// A checkpoint that died while it overwrote pages of the file: nobody may read at a snapshot that
/// needs them (R9). Once in each of its changes of shared memory.
#[test]
fn a_checkpoint_that_dies_halfway() {
    let (mut refused, mut opened) = (0, 0);
    for changes in 0..150 {
        let runtime = create_runtime();
        let maker = connect(&runtime, Duration::ZERO);
        table_in_the_file(&maker);
        maker.execute_batch("begin").unwrap();
        let snapshot = Snapshot::take(&maker).unwrap();
        let dying = connect(&runtime, Duration::ZERO);
        dying.execute_batch("update t set x = 2").unwrap();
        maker.execute_batch("commit").unwrap();
        // SAFETY: the connection is open, and nothing else uses its database now.
        let (slot, generation) = unsafe { database_of(dying.handle()) }.unwrap().identity();
        mortal::die_after(changes);
        let _ = integer(&dying, "pragma wal_checkpoint(passive)");
        let died = mortal::is_dead();
        std::mem::forget(dying);
        mortal::revive();
        let control = runtime.inner().control();
        let reaper = Slot::claim(control, 0).unwrap();
        assert!(reaper.attach());
        assert!(reap(control, reaper.index(), slot, generation));

        // One that has no page in its cache yet.
        let reader = connect(&runtime, Duration::ZERO);
        reader.execute_batch("begin").unwrap();
        match snapshot.open(&reader) {
            Ok(()) => {
                assert_eq!(integer(&reader, "select sum(x) from t").unwrap(), ROWS, "dead after {changes}");
                opened += 1;
            }
            Err(Error::Sqlite(error)) => {
                assert_eq!(code(&error), ffi::SQLITE_ERROR_SNAPSHOT, "dead after {changes}");
                refused += 1;
            }
            Err(error) => panic!("{error}"),
        }
        reader.execute_batch("rollback").unwrap();
        assert_eq!(integer(&reader, "select sum(x) from t").unwrap(), 2 * ROWS);
        assert_eq!(integer(&maker, "select sum(x) from t").unwrap(), 2 * ROWS);
        if !died {
            break;
        }
    }
    println!("{opened} opened, {refused} refused");
    assert!(opened > 3 && refused > 20, "{opened} opened, {refused} refused");
}

/// Holds locks as a connection does that recovers the wal-index.
struct Recoverer {
    table: LockTable,
    _slot: Slot,
}

impl Recoverer {
    fn hold(runtime: &Runtime, held: &[u32]) -> Recoverer {
        let control = runtime.inner().control();
        let slot = Slot::claim(control, 0).unwrap();
        assert!(slot.attach());
        let mut table = LockTable::new(control.clone(), slot.index());
        for lock in held {
            table.try_exclusive(*lock).unwrap();
        }
        Recoverer { table, _slot: slot }
    }

    fn let_go(&self, held: &[u32]) {
        for lock in held.iter().rev() {
            self.table.release_exclusive(*lock);
        }
    }
}

const RECOVERY: [u32; 3] = [locks::WRITE, locks::CHECKPOINT, locks::RECOVER];

/// Readers that find the header invalid and WRITE taken ask by RECOVER, shared, whether somebody
/// recovers it: then they wait for that, as for any lock, and never give up with SQLITE_PROTOCOL.
#[test]
fn readers_wait_for_a_recovery() {
    let runtime = create_runtime();
    let (hasty, writer) = (connect(&runtime, Duration::ZERO), connect(&runtime, Duration::ZERO));
    writer.execute_batch("create table t (x); insert into t values (1), (2)").unwrap();
    assert_eq!(integer(&hasty, "select sum(x) from t"), Ok(3));
    for readers in [1, 4] {
        let patient: Vec<_> = (0..readers).map(|_| connect(&runtime, Duration::from_secs(30))).collect();
        invalidate_header(runtime.inner().control().as_ref());
        let recoverer = Recoverer::hold(&runtime, &RECOVERY);
        let start = Instant::now();
        let error = integer(&hasty, "select sum(x) from t").unwrap_err();
        assert_eq!(code(&error), ffi::SQLITE_BUSY_RECOVERY);
        assert!(start.elapsed() < Duration::from_secs(1), "{:?}", start.elapsed());
        let waits: Vec<_> = std::thread::scope(|scope| {
            let threads: Vec<_> = patient
                .into_iter()
                .map(|db| {
                    scope.spawn(move || {
                        let start = Instant::now();
                        let sum = integer(&db, "select sum(x) from t").unwrap();
                        (sum, start.elapsed())
                    })
                })
                .collect();
            std::thread::sleep(Duration::from_millis(300));
            recoverer.let_go(&RECOVERY);
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        for (sum, waited) in waits {
            assert_eq!(sum, 3);
            assert!(waited > Duration::from_millis(100) && waited < Duration::from_secs(5), "{waited:?}");
        }
        // The header is valid again, for those who wait for nothing too.
        assert_eq!(integer(&hasty, "select sum(x) from t"), Ok(3));
        writer.execute_batch("insert into t values (0)").unwrap();
    }
}

/// WRITE is taken, but nobody recovers: RECOVER can be had shared, and readers look again.
#[test]
fn readers_look_again_where_nobody_recovers() {
    let runtime = create_runtime();
    let writer = connect(&runtime, Duration::ZERO);
    writer.execute_batch("create table t (x); insert into t values (1), (2)").unwrap();
    let reader = connect(&runtime, Duration::ZERO);
    invalidate_header(runtime.inner().control().as_ref());
    let other = Recoverer::hold(&runtime, &[locks::WRITE]);
    let (sum, waited) = std::thread::scope(|scope| {
        let reading = scope.spawn(move || {
            let start = Instant::now();
            (integer(&reader, "select sum(x) from t"), start.elapsed())
        });
        std::thread::sleep(Duration::from_millis(300));
        other.let_go(&[locks::WRITE]);
        reading.join().unwrap()
    });
    assert_eq!(sum, Ok(3));
    assert!(waited > Duration::from_millis(100) && waited < Duration::from_secs(9), "{waited:?}");
    let shared: u32 = (0..layout::SLOTS)
        .map(|slot| {
            runtime.inner().control().load(layout::connection(slot) + layout::connection_word::SHARED)
        })
        .fold(0, |all, word| all | word);
    assert_eq!(shared & (1 << locks::RECOVER), 0, "RECOVER is let go");
}
