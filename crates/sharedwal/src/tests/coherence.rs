//! The private copies of the wal-index, after what SQLite does to them, are all as the shared one.

use std::time::Duration;

use rusqlite::Connection;

use super::random::Random;
use super::{create_runtime, invalidate_header};
use crate::layout::{HEADER, HEADER_WORDS};
use crate::vfs::database_of;
use crate::{JournalMode, Runtime};

/// A connection whose cache holds few and small pages, so that transactions spill into the log
/// before they are committed; nothing is checkpointed unless the test says so.
fn connect(runtime: &Runtime) -> Connection {
    let db = super::connect(runtime, JournalMode::Keep, Duration::ZERO);
    db.execute_batch("pragma page_size = 512; pragma journal_mode = wal").unwrap();
    db.execute_batch("pragma wal_autocheckpoint = 0; pragma cache_size = 12; pragma cache_spill = 1")
        .unwrap();
    db
}

fn create_table(db: &Connection) {
    db.execute_batch("create table t (id integer primary key, text)").unwrap();
}

/// Inserts so many rows of 400 bytes, about a page each.
fn insert(db: &Connection, rows: usize) {
    let mut insert = db.prepare_cached("insert into t (text) values (printf('%.400c', 'x'))").unwrap();
    for _ in 0..rows {
        insert.execute([]).unwrap();
    }
}

fn count(db: &Connection) -> i64 {
    db.query_row("select count(*) from t", [], |row| row.get(0)).unwrap()
}

fn check_integrity(db: &Connection) {
    let answer: String = db.query_row("pragma integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(answer, "ok");
}

/// Syncs each connection, then compares its copy with the shared words.
fn check_coherence(connections: &[&Connection]) {
    for _ in 0..2 {
        for (number, db) in connections.iter().enumerate() {
            // SAFETY: the connection is open, and nothing else uses its database now.
            let database = unsafe { database_of(db.handle()) }.unwrap();
            database.refresh();
            let index = database.wal_index().expect("the wal-index is mapped");
            assert_eq!(index.difference_from_shared(), None, "connection {number}");
        }
    }
}

/// Frames that were committed since the log began.
fn committed_frames(db: &Connection) -> u64 {
    // SAFETY: as in `check_coherence`.
    u64::from(unsafe { database_of(db.handle()) }.unwrap().control().load(HEADER + 4))
}

/// Frames that fit into the log as long as it is, whether they are committed or not.
fn frames(runtime: &Runtime) -> u64 {
    runtime.write_ahead_size().saturating_sub(32) / (512 + 24)
}

fn index_pages(db: &Connection) -> usize {
    // SAFETY: as in `check_coherence`.
    unsafe { database_of(db.handle()) }.unwrap().wal_index().unwrap().page_count()
}

#[test]
fn appended_frames() {
    let runtime = create_runtime();
    let (a, b) = (connect(&runtime), connect(&runtime));
    create_table(&a);
    for rows in [1, 30, 5, 200] {
        insert(&a, rows);
        check_coherence(&[&a, &b]);
        insert(&b, 1);
        check_coherence(&[&a, &b]);
    }
    assert_eq!(count(&a), 240);
    assert_eq!(count(&b), 240);
    check_integrity(&b);
}

/// The first frame of the second page is the same in two logs, so nothing of that page is published in the
/// second. Who was away meanwhile must find the frames after it all the same.
#[test]
fn a_page_entered_with_the_words_that_it_had() {
    const FIRST_OF_THE_SECOND_PAGE: u64 = 4096 - HEADER_WORDS as u64 + 1;
    for writes_next in [false, true] {
        let runtime = create_runtime();
        let (a, b) = (connect(&runtime), connect(&runtime));
        a.execute_batch("create table t (x); insert into t values (0)").unwrap();
        let read = |db: &Connection| db.query_row("select x from t", [], |row| row.get::<_, i64>(0)).unwrap();
        let mut updates = 0;
        let mut update_until = |frames| {
            while committed_frames(&a) != frames {
                assert_eq!(a.execute("update t set x = x + 1", []), Ok(1));
                updates += 1;
            }
            updates
        };
        update_until(FIRST_OF_THE_SECOND_PAGE);
        assert_eq!(index_pages(&a), 2);
        check_coherence(&[&a, &b]);
        read(&b);
        a.execute_batch("pragma wal_checkpoint(restart)").unwrap();
        assert_eq!(update_until(4000), read(&b));
        let updates = update_until(FIRST_OF_THE_SECOND_PAGE + 1);
        if writes_next {
            assert_eq!(b.execute("update t set x = x + 1", []), Ok(1));
        }
        let expected = updates + i64::from(writes_next);
        assert_eq!((read(&b), read(&a)), (expected, expected));
        check_coherence(&[&b, &a]);
    }
}

#[test]
fn a_transaction_that_spilled_and_was_rolled_back() {
    let runtime = create_runtime();
    let (a, b) = (connect(&runtime), connect(&runtime));
    create_table(&a);
    insert(&a, 20);
    for (rows, others) in [(100, 0), (150, 3), (60, 90)] {
        a.execute_batch("begin").unwrap();
        insert(&a, rows);
        let committed = committed_frames(&a);
        assert!(frames(&runtime) > committed + rows as u64 / 2, "the transaction did not spill");
        check_coherence(&[&a, &b]);
        a.execute_batch("rollback").unwrap();
        check_coherence(&[&a, &b]);
        insert(&b, others);
        check_coherence(&[&a, &b]);
    }
    assert_eq!(count(&a), 113);
    assert_eq!(count(&b), 113);
    check_integrity(&a);
}

/// What is appended again after a savepoint was rolled back: the same pages, or others.
#[test]
fn a_savepoint_that_spilled_and_was_rolled_back() {
    for same in [true, false] {
        for sync_in_between in [true, false] {
            let runtime = create_runtime();
            let (a, b) = (connect(&runtime), connect(&runtime));
            create_table(&a);
            a.execute_batch("create table u as select * from t").unwrap();
            insert(&a, 40);
            for round in 0..4 {
                a.execute_batch("begin").unwrap();
                insert(&a, 20);
                a.execute_batch("savepoint s").unwrap();
                insert(&a, 60 + round);
                if sync_in_between {
                    check_coherence(&[&a]);
                }
                a.execute_batch("rollback to s").unwrap();
                if sync_in_between {
                    check_coherence(&[&a]);
                }
                if same {
                    insert(&a, 60 + round);
                } else {
                    a.execute_batch("update t set text = 'y' || text where id % 2").unwrap();
                }
                check_coherence(&[&a, &b]);
                a.execute_batch("commit").unwrap();
                check_coherence(&[&a, &b]);
                insert(&b, 1);
            }
            check_coherence(&[&a, &b]);
            assert_eq!(count(&a), count(&b));
            check_integrity(&b);
        }
    }
}

#[test]
fn a_log_that_begins_anew() {
    let runtime = create_runtime();
    let (a, b) = (connect(&runtime), connect(&runtime));
    create_table(&a);
    for round in 0..4 {
        insert(&a, 150);
        let log = runtime.write_ahead_size();
        let mode = ["passive", "full", "restart", "truncate"][round];
        let done: (i64, i64, i64) = b
            .query_row(&format!("pragma wal_checkpoint({mode})"), [], |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?))
            })
            .unwrap();
        assert_eq!((done.0, done.1), (0, done.2), "everything was copied");
        check_coherence(&[&a, &b]);
        // The first transaction of the new log is rolled back: SQLite leaves its entries there.
        b.execute_batch("begin").unwrap();
        insert(&b, 60);
        check_coherence(&[&a, &b]);
        b.execute_batch("rollback").unwrap();
        check_coherence(&[&a, &b]);
        insert(&a, 3);
        insert(&b, 1);
        check_coherence(&[&a, &b]);
        assert!(round == 3 || runtime.write_ahead_size() == log, "the log was used again");
    }
    assert_eq!(count(&a), 4 * 154);
    check_integrity(&a);
}

/// 4,062 frames fill the first page of the wal-index, 8,158 the second.
#[test]
fn a_log_that_fills_index_pages() {
    let runtime = create_runtime();
    let (a, b) = (connect(&runtime), connect(&runtime));
    create_table(&a);
    for (limit, pages) in [(4_062, 2), (8_158, 3)] {
        a.execute_batch("begin").unwrap();
        while frames(&runtime) < limit - 30 {
            insert(&a, 10);
        }
        a.execute_batch("commit").unwrap();
        // Single rows around the border, by both in turn, and a reader in the middle of it.
        b.execute_batch("begin; select * from t limit 1").unwrap();
        let seen = count(&b);
        for _ in 0..30 {
            insert(&a, 1);
            check_coherence(&[&a, &b]);
            assert_eq!(count(&b), seen);
        }
        b.execute_batch("commit").unwrap();
        assert!(frames(&runtime) > limit);
        insert(&b, 1);
        check_coherence(&[&a, &b]);
        assert_eq!(index_pages(&a), pages);
        assert_eq!(index_pages(&b), pages);
        assert_eq!(count(&a), count(&b));
    }
    check_integrity(&b);
    let fresh = connect(&runtime);
    assert_eq!(count(&fresh), count(&a));
    check_coherence(&[&a, &b, &fresh]);
    // Begins anew in the first page, while the others keep what stood there.
    a.execute_batch("pragma wal_checkpoint(restart)").unwrap();
    insert(&b, 100);
    check_coherence(&[&a, &b, &fresh]);
    assert_eq!(count(&fresh), count(&a));
    check_integrity(&fresh);
}

/// A transaction spills over the end of an index page and goes back behind it.
#[test]
fn a_savepoint_rolled_back_over_the_end_of_an_index_page() {
    for sync_in_between in [true, false] {
        let runtime = create_runtime();
        let (a, b) = (connect(&runtime), connect(&runtime));
        create_table(&a);
        a.execute_batch("begin").unwrap();
        while frames(&runtime) < 4_000 {
            insert(&a, 10);
        }
        a.execute_batch("commit").unwrap();
        let committed = count(&a);
        for _ in 0..2 {
            a.execute_batch("begin").unwrap();
            insert(&a, 5);
            a.execute_batch("savepoint s").unwrap();
            insert(&a, 200);
            assert!(frames(&runtime) > 4_062);
            if sync_in_between {
                check_coherence(&[&a]);
            }
            a.execute_batch("rollback to s").unwrap();
            if sync_in_between {
                check_coherence(&[&a]);
            }
            a.execute_batch("rollback").unwrap();
            check_coherence(&[&a, &b]);
        }
        a.execute_batch("begin").unwrap();
        insert(&a, 5);
        a.execute_batch("savepoint s").unwrap();
        insert(&a, 200);
        a.execute_batch("rollback to s").unwrap();
        insert(&a, 1);
        a.execute_batch("commit").unwrap();
        check_coherence(&[&b]);
        assert_eq!(count(&b), committed + 6);
        insert(&b, 300);
        check_coherence(&[&a, &b]);
        assert_eq!(count(&a), committed + 306);
        check_integrity(&a);
        check_integrity(&b);
    }
}

/// As by a connection that died while it published under WRITE.
fn invalidate(db: &Connection) {
    // SAFETY: as in `check_coherence`.
    invalidate_header(unsafe { database_of(db.handle()) }.unwrap().control().as_ref());
}

#[test]
fn recovery() {
    let runtime = create_runtime();
    let (a, b) = (connect(&runtime), connect(&runtime));
    create_table(&a);
    a.execute_batch("begin").unwrap();
    insert(&a, 4_300);
    a.execute_batch("commit").unwrap();
    for by in [&b, &a] {
        let before = count(&a);
        invalidate(&a);
        assert_eq!(count(by), before, "recovery finds every committed frame");
        check_coherence(&[&a, &b]);
        insert(&a, 3);
        insert(&b, 3);
        check_coherence(&[&a, &b]);
        assert_eq!(count(&a), before + 6);
    }
    check_integrity(&b);
}

/// The first to attach finds an empty wal-index and recovers it from the log.
#[test]
fn recovery_after_everybody_left() {
    let runtime = create_runtime();
    let a = connect(&runtime);
    create_table(&a);
    insert(&a, 4_500);
    let b = connect(&runtime);
    assert_eq!(count(&b), 4_500);
    for db in [a, b] {
        keep_log(&db);
        drop(db);
    }
    assert!(frames(&runtime) > 4_062, "the log is still there");
    let (a, b) = (connect(&runtime), connect(&runtime));
    assert_eq!(count(&b), 4_500);
    assert_eq!(count(&a), 4_500);
    check_coherence(&[&a, &b]);
    insert(&a, 10);
    check_coherence(&[&a, &b]);
    assert_eq!(count(&b), 4_510);
    check_integrity(&b);
}

/// SQLITE_FCNTL_PERSIST_WAL, and no checkpoint when the connection closes.
fn keep_log(db: &Connection) {
    use rusqlite::ffi;
    let mut on: std::ffi::c_int = 1;
    // SAFETY: the op code wants a pointer to an int.
    let answer = unsafe {
        ffi::sqlite3_file_control(
            db.handle(),
            c"main".as_ptr(),
            ffi::SQLITE_FCNTL_PERSIST_WAL,
            (&raw mut on).cast(),
        )
    };
    assert_eq!(answer, ffi::SQLITE_OK);
    db.set_db_config(rusqlite::config::DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true).unwrap();
}

/// Random scripts of three connections that take turns.
#[test]
fn random_scripts() {
    for round in 0..12 {
        let mut random = Random::new(0xc0 + round);
        let runtime = create_runtime();
        let connections = [connect(&runtime), connect(&runtime), connect(&runtime)];
        let all = connections.each_ref();
        create_table(all[0]);
        for (who, db) in all.iter().enumerate() {
            db.execute_batch(&format!("create table t{who} (id integer primary key, text)")).unwrap();
        }
        let mut committed: i64 = 0;
        // The connection in a write transaction, and rows at its beginning and its savepoint.
        let mut writing: Option<(usize, i64, Option<i64>)> = None;
        for _ in 0..120 {
            let who = writing.map_or_else(|| random.below(3) as usize, |(who, _, _)| who);
            let db = all[who];
            match (random.below(12), &mut writing) {
                (0..=2, None) => {
                    db.execute_batch("begin immediate").unwrap();
                    writing = Some((who, committed, None));
                }
                (3..=5, None) => {
                    let rows = random.below(40) as usize;
                    insert(db, rows);
                    committed += rows as i64;
                }
                (6, None) => {
                    let mode = ["passive", "full", "restart", "truncate"][random.below(4) as usize];
                    db.query_row(&format!("pragma wal_checkpoint({mode})"), [], |_| Ok(())).unwrap();
                }
                (7, None) => invalidate(db),
                (0..=4, Some((_, rows, _))) => {
                    let most = if random.percent(10) { 1500 } else { 120 };
                    let more = random.below(most);
                    insert(db, more as usize);
                    *rows += more as i64;
                }
                (5, Some(_)) => {
                    db.execute_batch("update t set text = 'y' || text where id % 3 = 0").unwrap();
                }
                (6, Some((_, rows, savepoint @ None))) => {
                    db.execute_batch("savepoint s").unwrap();
                    *savepoint = Some(*rows);
                }
                (6..=8, Some((_, rows, savepoint @ Some(_)))) => {
                    db.execute_batch("rollback to s; release s").unwrap();
                    *rows = savepoint.take().unwrap();
                }
                (9, Some(_)) => {
                    db.execute_batch("rollback").unwrap();
                    writing = None;
                }
                (10.., Some((_, rows, _))) => {
                    committed = *rows;
                    db.execute_batch("commit").unwrap();
                    writing = None;
                }
                _ => assert_eq!(count(db), writing.map_or(committed, |(_, rows, _)| rows)),
            }
            if random.percent(60) {
                check_coherence(&all);
            }
            let reader = all[(who + 1) % 3];
            assert_eq!(count(reader), committed, "a reader sees what is committed");
        }
        if writing.is_some() {
            all.iter().for_each(|db| {
                let _ = db.execute_batch("rollback");
            });
        }
        check_coherence(&all);
        for db in all {
            assert_eq!(count(db), committed);
            check_integrity(db);
        }
    }
}
