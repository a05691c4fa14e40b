//! Connections whose death nobody can prove: one of which nothing is heard is taken for dead, and
//! nothing of it reaches the database when it goes on after all.

use std::sync::mpsc::RecvTimeoutError;
use std::time::{Duration, Instant};

use rusqlite::{Connection, ErrorCode, ffi};

use super::{connect, create_runtime, mortal};
use crate::connections::{Slot, TEST_UNPROVEN};
use crate::layout::{self, DEATHS, EVICTIONS, LOCK_STALE_MS, slot_states};
use crate::{JournalMode, Runtime, is_evicted};

const LONG: Duration = Duration::from_secs(30);
const MODES: [JournalMode; 4] =
    [JournalMode::Wal, JournalMode::Delete, JournalMode::Truncate, JournalMode::Persist];

/// A database that whoever is silent for a millisecond loses, once somebody looks.
fn database(mode: JournalMode) -> (Runtime, Connection) {
    let runtime = create_runtime();
    runtime.inner().control().store(LOCK_STALE_MS, 1);
    let db = connect(&runtime, mode, LONG);
    db.execute_batch("create table t (x); insert into t values (1)").unwrap();
    (runtime, db)
}

/// Somebody who looks, as each context does once a second.
struct Watch<'a> {
    runtime: &'a Runtime,
    slot: Slot,
}

impl<'a> Watch<'a> {
    fn new(runtime: &'a Runtime) -> Self {
        let slot = Slot::claim(runtime.inner().control(), 0).unwrap();
        assert!(slot.attach());
        Watch { runtime, slot }
    }

    /// Looks as often as it takes to evict everybody who can be; returns how many there were.
    fn evict(&self) -> u32 {
        let before = count(self.runtime, EVICTIONS);
        for _ in 0..20 {
            self.runtime.inner().evict_silent(self.slot.index());
            std::thread::sleep(Duration::from_micros(300));
        }
        count(self.runtime, EVICTIONS) - before
    }
}

fn count(runtime: &Runtime, word: u32) -> u32 {
    runtime.inner().control().load(word)
}

fn connect_unproven(runtime: &Runtime, mode: JournalMode) -> Connection {
    TEST_UNPROVEN.set(true);
    let db = connect(runtime, mode, LONG);
    TEST_UNPROVEN.set(false);
    db
}

fn values(db: &Connection) -> Vec<i64> {
    let mut select = db.prepare("select x from t order by x").unwrap();
    select.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
}

fn check(db: &Connection) {
    let answer: String = db.query_row("pragma integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(answer, "ok");
}

/// An evicted connection is told what happened, whatever it does that reaches the file. What its cache
/// has is still there for an open transaction, but cannot be committed.
fn check_refused(db: &Connection) {
    if !db.is_autocommit() {
        let _ = db.execute_batch("insert into t values (99)");
        assert!(db.execute_batch("commit").is_err());
    }
    for sql in [
        "insert into t values (99)",
        "select count(*) from t",
        "begin immediate",
        "create table u (x)",
        "pragma wal_checkpoint(truncate)",
        "vacuum",
        "pragma journal_mode = delete",
    ] {
        let result = db.prepare(sql).and_then(|mut statement| {
            let mut rows = statement.query([])?;
            while rows.next()?.is_some() {}
            Ok(())
        });
        // What SQLite answers without looking at the file is no harm.
        if let Err(error) = result {
            let code = error.sqlite_error().map(|error| error.extended_code);
            assert_eq!(code, Some(ffi::SQLITE_IOERR_LOCK), "{sql}: {error:?}");
        } else {
            assert!(!sql.contains("into") && !sql.contains("select") && !sql.contains("create"), "{sql}");
        }
    }
    assert!(is_evicted(db));
}

/// In a thread of its own, since what is this thread's own is never evicted.
fn elsewhere<T: Send>(f: impl FnOnce() -> T + Send) -> T {
    std::thread::scope(|scope| scope.spawn(f).join())
        .unwrap_or_else(|failure| std::panic::resume_unwind(failure))
}

#[test]
fn a_silent_writer_loses_its_transaction() {
    for mode in MODES {
        let (runtime, db) = database(mode);
        let trespasses = mortal::trespasses();
        let zombie = connect_unproven(&runtime, mode);
        mortal::fenced(|| zombie.execute_batch("begin immediate; insert into t values (2)").unwrap());
        elsewhere(|| {
            let watch = Watch::new(&runtime);
            assert_eq!(watch.evict(), 1, "{mode:?}");
            drop(watch);
            // Moved here, and moved back.
            db.execute_batch("insert into t values (3)").unwrap();
            assert_eq!(values(&db), [1, 3], "{mode:?}");
            (db, runtime.clone())
        });
        let db = connect(&runtime, mode, LONG);
        mortal::fenced(|| {
            check_refused(&zombie);
            zombie.close().unwrap();
        });
        mortal::revive();
        assert_eq!(mortal::trespasses(), trespasses, "{mode:?}");
        assert_eq!(values(&db), [1, 3]);
        check(&db);
        assert_eq!([EVICTIONS, DEATHS].map(|word| count(&runtime, word)), [1, 1]);
        drop(db);
        assert_eq!(runtime.connections(), 0);
    }
}

/// Who waits for the lock of a silent one evicts it without anybody else's help.
#[test]
fn a_waiter_evicts() {
    let (runtime, db) = database(JournalMode::Wal);
    let zombie = connect_unproven(&runtime, JournalMode::Wal);
    zombie.execute_batch("begin immediate; insert into t values (2)").unwrap();
    let start = Instant::now();
    elsewhere(|| {
        db.execute_batch("insert into t values (3)").unwrap();
        assert_eq!(values(&db), [1, 3]);
        drop(db);
    });
    assert!(start.elapsed() < LONG / 2, "{:?}", start.elapsed());
    check_refused(&zombie);
    mortal::revive();
}

/// Whoever shows signs of life stays.
#[test]
fn who_lives_is_not_evicted() {
    let (runtime, db) = database(JournalMode::Wal);
    runtime.inner().control().store(LOCK_STALE_MS, 2000);
    let busy = connect_unproven(&runtime, JournalMode::Wal);
    let stop = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let watch = Watch::new(&runtime);
            while !stop.load(std::sync::atomic::Ordering::SeqCst) {
                watch.evict();
            }
        });
        // No call into the VFS, but the progress handler's.
        let start = Instant::now();
        while start.elapsed() < Duration::from_millis(4500) {
            let sql = "with recursive c (i) as (select 1 union all select i + 1 from c where i < 300000)
                       select sum(i) from c";
            busy.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
        }
        stop.store(true, std::sync::atomic::Ordering::SeqCst);
    });
    busy.execute_batch("insert into t values (2)").unwrap();
    assert!(!is_evicted(&busy));
    assert_eq!((values(&db), count(&runtime, EVICTIONS)), (vec![1, 2], 0));
}

/// What happened to a writer that slept.
#[derive(Debug, PartialEq)]
enum Sleep {
    /// It was through before it came to that.
    Never,
    Evicted,
    /// In the middle of a change, so that nobody evicted it.
    Kept,
}

/// A writer sleeps somewhere in a transaction while another one tries to write.
fn sleeper(mode: JournalMode, to_sleep: impl FnOnce() + Send) -> Sleep {
    let (runtime, db) = database(mode);
    let runtime = &runtime;
    let (result, sleep, values_after) = std::thread::scope(|scope| {
        let (bedside, bed) = std::sync::mpsc::channel();
        let zombie = scope.spawn(move || {
            bedside.send(mortal::make_bed()).unwrap();
            let zombie = connect_unproven(runtime, mode);
            zombie.execute_batch("pragma cache_size = 10").unwrap();
            mortal::fenced(|| {
                to_sleep();
                let result = zombie.execute_batch(
                    "begin immediate; insert into t values (2);
                     insert into t values (zeroblob(50000)); delete from t where typeof(x) = 'blob'; commit",
                );
                let evicted = mortal::is_evicted();
                if mortal::is_to_sleep() {
                    mortal::revive();
                }
                if evicted {
                    check_refused(&zombie);
                }
                drop(zombie);
                mortal::revive();
                (result, evicted)
            })
        });
        let (asleep, wake) = bed.recv().unwrap();
        let mut slept = false;
        let mut evicted = 0;
        loop {
            match asleep.recv_timeout(Duration::from_millis(1)) {
                Ok(()) => {
                    slept = true;
                    evicted = Watch::new(runtime).evict();
                    if evicted > 0 {
                        // Not committed yet: its journal is there for the sleeper to delete.
                        db.execute_batch("begin immediate; insert into t values (3)").unwrap();
                    }
                    wake.send(()).unwrap();
                }
                Err(RecvTimeoutError::Timeout) if !zombie.is_finished() => {}
                Err(_) => break,
            }
        }
        let (result, found) = zombie.join().unwrap();
        assert_eq!(found, evicted > 0, "it found out");
        if evicted > 0 {
            db.execute_batch("commit").unwrap();
        }
        let sleep = match (slept, evicted) {
            (false, _) => Sleep::Never,
            (true, 0) => Sleep::Kept,
            (true, _) => Sleep::Evicted,
        };
        (result, sleep, values(&db))
    });
    let expected: &[i64] = match (result.is_ok(), &sleep) {
        (true, Sleep::Evicted) => &[1, 2, 3],
        (true, _) => &[1, 2],
        (false, _) => &[1, 3],
    };
    assert_eq!(values_after, expected, "{mode:?}: {result:?}, {sleep:?}");
    if let Err(error) = result {
        assert_eq!(sleep, Sleep::Evicted, "{error:?}");
        assert_eq!(error.sqlite_error_code(), Some(ErrorCode::SystemIoFailure), "{error:?}");
    }
    check(&db);
    db.execute_batch("insert into t values (4)").unwrap();
    drop(db);
    let slots = (0..layout::SLOTS).map(|slot| count(runtime, layout::slot(slot)) & slot_states::MASK);
    assert_eq!(slots.max(), Some(slot_states::FREE));
    assert!(connect(runtime, mode, LONG).execute_batch("select * from t").is_ok());
    sleep
}

fn sleeps(mode: JournalMode, to_sleep: fn(u32)) -> (usize, usize) {
    let (mut kept, mut evicted) = (0, 0);
    let trespasses = mortal::trespasses();
    for after in 0.. {
        match sleeper(mode, move || to_sleep(after)) {
            Sleep::Never => break,
            Sleep::Kept => kept += 1,
            Sleep::Evicted => evicted += 1,
        }
        assert_eq!(mortal::trespasses(), trespasses, "after {after}");
    }
    println!("{mode:?}: {kept} kept, {evicted} evicted");
    (kept, evicted)
}

/// Evicted before any of its calls, a transaction is there whole if it was reported as done, and not at
/// all if it was not.
#[test]
fn asleep_before_a_call() {
    for mode in MODES {
        let (kept, evicted) = sleeps(mode, mortal::sleep_at_call);
        assert!(kept == 0 && evicted > 20, "{kept} kept, {evicted} evicted");
    }
}

/// Nobody is evicted in the middle of a change.
#[test]
fn asleep_in_a_change() {
    for mode in MODES {
        let (kept, evicted) = sleeps(mode, |changes| mortal::sleep_after(changes, Duration::ZERO));
        // The first of a call's changes is that by which the fence is passed.
        assert!(kept > 50 && evicted > 20, "{kept} kept, {evicted} evicted");
    }
}
