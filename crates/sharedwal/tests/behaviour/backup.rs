//! SQLite's backup API from one runtime to another.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};

use rusqlite::backup::{Backup, StepResult};

use super::*;

const ROWS: i64 = 2_000;

/// Rows of about 400 bytes: the sum of `x` is the same in every state.
fn fill(db: &Connection, rows: i64, x: i64) {
    db.execute_batch(&format!(
        "create table t (id integer primary key, x, pad);
         create index by_x on t (x, id);
         with recursive c (i) as (select 1 union all select i + 1 from c where i < {rows})
           insert into t select i, {x}, hex(randomblob(200)) from c"
    ))
    .unwrap();
}

fn dump(db: &Connection) -> Vec<(i64, i64, String)> {
    let mut select = db.prepare("select id, x, pad from t order by id").unwrap();
    let rows = select.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).unwrap();
    rows.collect::<Result<_, _>>().unwrap()
}

/// The source is being written all the time; readers of the target see its old state or the new one.
#[test]
fn of_a_busy_database() {
    let (from, to) = (runtime(), runtime());
    fill(&connect(&from), ROWS, 7);
    fill(&connect(&to), 10, 1);
    let (stop, commits, looks) = (AtomicBool::new(false), AtomicU64::new(0), AtomicU64::new(0));
    let old = dump(&connect(&to));
    let new = std::thread::scope(|scope| {
        scope.spawn(|| {
            let db = connect_patiently(&from, JournalMode::Wal);
            for n in 0i64.. {
                if stop.load(SeqCst) {
                    break;
                }
                db.execute_batch("begin immediate").unwrap();
                db.execute(
                    "update t set x = x - 1, pad = hex(randomblob(200)) where id = 1 + ?1 % ?2",
                    [n, ROWS],
                )
                .unwrap();
                db.execute("update t set x = x + 1 where id = 1 + (?1 * 7 + 3) % ?2", [n, ROWS]).unwrap();
                db.execute_batch("commit").unwrap();
                commits.fetch_add(1, SeqCst);
            }
        });
        for _ in 0..2 {
            scope.spawn(|| {
                let db = connect_patiently(&to, JournalMode::Wal);
                while !stop.load(SeqCst) {
                    let transaction = db.unchecked_transaction().unwrap();
                    let state = (
                        integer(&transaction, "select count(*) from t"),
                        integer(&transaction, "select sum(x) from t"),
                    );
                    assert!(state == (10, 10) || state == (ROWS, 7 * ROWS), "{state:?}");
                    looks.fetch_add(1, SeqCst);
                }
            });
        }
        let _end = End(&stop);
        let (source, mut target) = (connect(&from), connect(&to));
        let before = commits.load(SeqCst);
        // One read transaction over all steps, or the source's commits would have it begin anew.
        let snapshot = source.unchecked_transaction().unwrap();
        assert_eq!(integer(&snapshot, "select sum(x) from t"), 7 * ROWS);
        let backup = Backup::new(&snapshot, &mut target).unwrap();
        let mut steps = 0;
        while backup.step(20).unwrap() != StepResult::Done {
            steps += 1;
            std::thread::sleep(Duration::from_millis(1));
        }
        drop(backup);
        assert!(steps > 10, "{steps} steps");
        assert!(commits.load(SeqCst) > before, "nobody wrote meanwhile");
        let expected = dump(&snapshot);
        assert_eq!(dump(&target), expected);
        let before = looks.load(SeqCst);
        while looks.load(SeqCst) < before + 10 {
            std::thread::yield_now();
        }
        expected
    });
    assert_ne!(new, old);
    let db = connect(&to);
    assert_eq!(dump(&db), new);
    assert_eq!(text(&db, "pragma journal_mode"), "wal");
    check_integrity(&db);
    db.execute_batch("update t set x = x + 1").unwrap();
    assert!(!checkpoint_is_busy(&db));
    check_integrity(&connect(&to));
    check_integrity(&connect(&from));
}

fn checkpoint_is_busy(db: &Connection) -> bool {
    integer(db, "pragma wal_checkpoint(truncate)") != 0
}

/// In WAL mode the whole backup must fit into the log of the target.
#[test]
fn that_does_not_fit() {
    let from = runtime();
    let source = connect(&from);
    fill(&source, ROWS, 7);
    let mut options = RuntimeOptions::default();
    options.initial_write_ahead_capacity = 64 << 10;
    options.max_write_ahead_capacity = 256 << 10;
    let to = Runtime::create(&options).unwrap();
    let (mut target, reader) = (connect(&to), connect(&to));
    fill(&target, 10, 1);
    let old = dump(&reader);
    for _ in 0..3 {
        let backup = Backup::new(&source, &mut target).unwrap();
        let error = backup.run_to_completion(50, Duration::ZERO, None).unwrap_err();
        assert_eq!(extended_code(&error), ffi::SQLITE_FULL);
        // What was begun is rolled back.
        drop(backup);
        assert_eq!(dump(&reader), old);
        assert_eq!(dump(&target), old);
        check_integrity(&reader);
    }
    for db in [&target, &reader] {
        db.execute_batch("update t set x = x + 1").unwrap();
        assert!(!checkpoint_is_busy(db));
    }
    assert_eq!(integer(&target, "select sum(x) from t"), 30);
    assert!(to.write_ahead_size() <= 256 << 10);
    check_integrity(&target);
}
