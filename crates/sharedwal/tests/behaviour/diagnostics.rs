//! What a runtime tells of its files, its connections and what happened.

use std::time::{Duration, Instant};

use rusqlite::Connection;
use sharedwal::{ConnectionDiagnostics, ConnectionState, Runtime};

use super::{connect, integer, runtime};

fn held(connection: &ConnectionDiagnostics) -> Vec<(&str, bool)> {
    connection.locks.iter().map(|lock| (lock.name, lock.exclusive)).collect()
}

fn filled(rows: u32) -> (Runtime, Connection) {
    let runtime = runtime();
    let db = connect(&runtime);
    db.execute_batch("pragma wal_autocheckpoint = 0; create table t (x)").unwrap();
    insert(&db, rows);
    (runtime, db)
}

fn insert(db: &Connection, rows: u32) {
    for _ in 0..rows {
        db.execute_batch("insert into t values (zeroblob(3000))").unwrap();
    }
}

#[test]
fn a_connection_that_pins_the_log_is_named_with_its_statement_and_its_age() {
    let (runtime, writer) = filled(5);
    let reader = connect(&runtime);
    // Told from a statement that runs, however long ago it was prepared.
    let _prepared: Vec<_> = (0..20).map(|_| reader.prepare("select 1 from t").unwrap()).collect();
    reader.execute_batch("begin").unwrap();
    let seen = integer(&reader, "select count(*) /* the one */ from t");
    assert_eq!(seen, 5);
    let begun = Instant::now();
    let mark = runtime.diagnostics().write_ahead_frames;
    insert(&writer, 5);
    let row = writer.query_row("pragma wal_checkpoint(passive)", [], |row| row.get::<_, u32>(2));
    assert_eq!(row.unwrap(), mark, "the reader holds the checkpoint up");

    std::thread::sleep(Duration::from_millis(30));
    let all = runtime.diagnostics();
    assert!(all.write_ahead_frames > mark);
    assert_eq!(all.checkpointed_frames, mark);
    assert_eq!(all.connections.len(), 2);
    let pins = all.write_ahead_pinned_by.expect("somebody keeps the log");
    let pinning = all.connections.iter().find(|one| one.slot == pins).unwrap();
    assert_eq!(pinning.statement.as_deref(), Some("select count(*) /* the one */ from t"));
    assert_eq!(pinning.read_mark, Some(mark));
    assert_eq!(pinning.state, ConnectionState::Live);
    let age = pinning.transaction_age.unwrap();
    assert!((25..20_000).contains(&age.as_millis()), "{age:?}");
    assert!(age <= begun.elapsed() + Duration::from_millis(5), "{age:?}");
    assert!(
        held(pinning)
            .iter()
            .all(|(name, exclusive)| !exclusive && (*name == "EXCLUSIVE" || name.starts_with("READ")))
    );

    reader.execute_batch("commit").unwrap();
    writer.query_row("pragma wal_checkpoint(passive)", [], |_| Ok(())).unwrap();
    let all = runtime.diagnostics();
    assert_eq!(all.write_ahead_pinned_by, None);
    assert_eq!(all.checkpointed_frames, all.write_ahead_frames);
    assert!(all.connections.iter().all(|one| one.read_mark.is_none() && one.statement.is_none()));
}

/// One that reads the database alone keeps later frames from it.
#[test]
fn a_reader_of_the_database_alone_pins_the_log_too() {
    let (runtime, writer) = filled(5);
    writer.query_row("pragma wal_checkpoint(truncate)", [], |_| Ok(())).unwrap();
    let reader = connect(&runtime);
    reader.execute_batch("begin").unwrap();
    integer(&reader, "select count(*) from t");
    insert(&writer, 2);
    let all = runtime.diagnostics();
    let pins = all.write_ahead_pinned_by.expect("somebody keeps the log");
    let pinning = all.connections.iter().find(|one| one.slot == pins).unwrap();
    assert_eq!(pinning.read_mark, Some(0));
    assert!(held(pinning).contains(&("READ0", false)));
}

#[test]
fn a_long_statement_is_cut_off_and_a_long_list_of_locks_is_whole() {
    let (runtime, db) = filled(1);
    let long = format!("select count(*) from t where x <> '{}ß'", "é".repeat(300));
    db.execute_batch("begin immediate; insert into t values (1)").unwrap();
    let writing = &runtime.diagnostics().connections[0];
    assert!(held(writing).contains(&("WRITE", true)), "{writing:?}");
    assert!(writing.read_mark.is_some());
    db.execute_batch("commit; begin").unwrap();
    integer(&db, &long);
    let told = runtime.diagnostics().connections[0].statement.clone().unwrap();
    assert!(told.len() <= 260 && told.len() > 250, "{told}");
    assert!(long.starts_with(told.trim_end_matches(char::REPLACEMENT_CHARACTER)), "{told}");
}

#[test]
fn counters_count() {
    let (runtime, db) = filled(1);
    let before = runtime.diagnostics().counters;
    assert_eq!(before.recoveries, 1, "the first connection builds the wal-index");
    assert_eq!((before.lock_waits, before.lock_wait_ms, before.deaths), (0, 0, 0));
    insert(&db, 3);
    integer(&db, "select count(*) from t");
    db.query_row("pragma wal_checkpoint(passive)", [], |_| Ok(())).unwrap();
    let after = runtime.diagnostics().counters;
    assert_eq!(after.commits, before.commits + 3, "reads are no commits");
    assert_eq!(after.checkpoints, before.checkpoints + 1);

    db.execute_batch("begin immediate; insert into t values (1)").unwrap();
    let there = runtime.clone();
    let waiter = std::thread::spawn(move || insert(&connect(&there), 1));
    // Whoever waits wakes up now and then to look again.
    let start = Instant::now();
    let waiting = |diagnostics: &sharedwal::Diagnostics| diagnostics.connections.len() == 2;
    while !waiting(&runtime.diagnostics()) {
        assert!(start.elapsed() < Duration::from_secs(20), "nobody waits");
        std::thread::yield_now();
    }
    std::thread::sleep(Duration::from_millis(100));
    db.execute_batch("commit").unwrap();
    waiter.join().unwrap();
    let waited = runtime.diagnostics().counters;
    assert_eq!(waited.commits, after.commits + 2);
    assert!(waited.lock_waits > 0, "{waited:?}");
    assert!((10..20_000).contains(&waited.lock_wait_ms), "{waited:?}");
}
