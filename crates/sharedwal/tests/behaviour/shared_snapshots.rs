//! Snapshots that one connection takes and others read at.

use std::cmp::Ordering;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::time::Instant;

use sharedwal::Snapshot;

use super::*;

const MODES: [&str; 4] = ["passive", "full", "restart", "truncate"];

/// A connection that does not wait for locks.
fn impatient(runtime: &Runtime) -> Connection {
    connect_in(runtime, JournalMode::Wal)
}

/// Checkpoints; whether it was held up.
fn checkpoint(db: &Connection, mode: &str) -> bool {
    integer(db, &format!("pragma wal_checkpoint({mode})")) != 0
}

/// What `select sum(x) from t` is at the snapshot.
fn sum_at(snapshot: &Snapshot, db: &Connection) -> Result<i64, Error> {
    let transaction = db.unchecked_transaction()?;
    snapshot.open(&transaction)?;
    Ok(transaction.query_row("select sum(x) from t", [], |row| row.get(0))?)
}

fn sqlite_code(result: Result<impl Sized, Error>) -> i32 {
    match result {
        Err(Error::Sqlite(error)) => extended_code(&error),
        Err(error) => panic!("not an error of SQLite's: {error}"),
        Ok(_) => panic!("no error"),
    }
}

/// Four threads scan at one snapshot while one writes and one checkpoints in all modes: what they
/// read is the same to the byte, round after round.
#[test]
fn a_parallel_scan() {
    const READERS: usize = 4;
    const ROWS: i64 = 400;
    let runtime = runtime();
    let db = connect(&runtime);
    db.execute_batch(&format!(
        "create table t (id integer primary key, x, pad);
         create index by_x on t (x, id);
         with recursive c (i) as (select 1 union all select i + 1 from c where i < {ROWS})
           insert into t select i, 100, hex(randomblob(100 + i % 200)) from c"
    ))
    .unwrap();
    let seconds = if std::env::var_os("SHAREDWAL_QUICK").is_some() { 1.0 } else { 4.0 };
    let end = Instant::now() + Duration::from_secs_f64(seconds);
    let (stop, commits, done) = (AtomicBool::new(false), AtomicU64::new(0), AtomicU64::new(0));
    let (taken, scanned) = (Meeting::of(READERS + 1), Meeting::of(READERS + 1));
    let token = std::sync::Mutex::new(Vec::new());
    let look = |db: &Connection| -> Vec<i64> {
        [
            "select sum(x) from t not indexed",
            "select sum(x) from t indexed by by_x where x > -1e15",
            "select sum(id * x * length(pad)) % 1000003 + count(*) from t",
            "select sum(unicode(substr(pad, 1 + id % 50, 1)) * id) from t",
        ]
        .map(|sql| integer(db, sql))
        .into()
    };
    let results = std::sync::Mutex::new(Vec::new());
    let mut problem = None;
    let rounds = std::thread::scope(|scope| {
        scope.spawn(|| {
            let db = connect_patiently(&runtime, JournalMode::Wal);
            // Past the high-water mark it would wait for the maker to let the log begin anew.
            db.execute_batch("pragma wal_autocheckpoint = 0").unwrap();
            for n in 0i64.. {
                if stop.load(SeqCst) {
                    break;
                }
                db.execute_batch("begin immediate").unwrap();
                db.execute(
                    "update t set x = x - 1, pad = hex(randomblob(100 + ?1 % 200)) where id = 1 + ?1 % ?2",
                    [n, ROWS],
                )
                .unwrap();
                db.execute("update t set x = x + 1 where id = 1 + (?1 * 7 + 3) % ?2", [n, ROWS]).unwrap();
                db.execute_batch("commit").unwrap();
                commits.fetch_add(1, SeqCst);
            }
        });
        scope.spawn(|| {
            let db = impatient(&runtime);
            for mode in MODES.iter().cycle() {
                if stop.load(SeqCst) {
                    break;
                }
                done.fetch_add(u64::from(!checkpoint(&db, mode)), SeqCst);
                // Without a pause it would hardly leave CKPT to those who open the snapshot.
                std::thread::sleep(Duration::from_millis(1));
            }
        });
        for _ in 0..READERS {
            scope.spawn(|| {
                let db = connect_patiently(&runtime, JournalMode::Wal);
                loop {
                    taken.wait();
                    let bytes = token.lock().unwrap().clone();
                    if bytes.is_empty() {
                        break;
                    }
                    let snapshot = Snapshot::from_bytes(&bytes).unwrap();
                    for _ in 0..3 {
                        let transaction = db.unchecked_transaction().unwrap();
                        snapshot.open(&transaction).unwrap();
                        results.lock().unwrap().push(look(&transaction));
                    }
                    scanned.wait();
                }
            });
        }
        let _end = End(&stop);
        let mut rounds = 0;
        while Instant::now() < end && !stop.load(SeqCst) {
            let transaction = db.unchecked_transaction().unwrap();
            let before = (rounds % 2 == 0).then(|| look(&transaction));
            // Before or after the first read.
            let snapshot = Snapshot::take(&transaction).unwrap();
            let seen = before.unwrap_or_else(|| look(&transaction));
            let commits_before = commits.load(SeqCst);
            *token.lock().unwrap() = snapshot.to_bytes();
            taken.wait();
            let waiting = Instant::now();
            while commits.load(SeqCst) == commits_before && waiting.elapsed() < Duration::from_secs(20) {
                std::thread::yield_now();
            }
            scanned.wait();
            let results = std::mem::take(&mut *results.lock().unwrap());
            // Not a panic, for which the other threads would wait for ever.
            if results.len() != READERS * 3
                || results.iter().any(|result| *result != seen)
                || look(&transaction) != seen
                || seen[0] != 100 * ROWS
                || commits.load(SeqCst) == commits_before
            {
                problem = Some(format!("round {rounds}: {seen:?} is {results:?}"));
                break;
            }
            rounds += 1;
        }
        *token.lock().unwrap() = Vec::new();
        taken.wait();
        rounds
    });
    assert_eq!(problem, None);
    println!("{rounds} rounds, {} commits, {} checkpoints", commits.load(SeqCst), done.load(SeqCst));
    assert!(rounds >= 10 && commits.load(SeqCst) > 100 && done.load(SeqCst) > 10);
    check_integrity(&db);
}

/// On a database that nobody has written to since it was opened, empty or not.
#[test]
fn right_after_open() {
    let runtime = runtime();
    for round in 0..3 {
        let (maker, other) = (connect(&runtime), impatient(&runtime));
        let transaction = maker.unchecked_transaction().unwrap();
        if round != 0 {
            assert_eq!(integer(&transaction, "select count(*) from sqlite_schema"), round);
        }
        let snapshot = Snapshot::take(&transaction).unwrap();
        other.execute_batch(&format!("create table t{round} (x)")).unwrap();
        for mode in MODES {
            checkpoint(&other, mode);
        }
        if round == 0 {
            // Nothing is there; a checkpoint of everything would have begun the log anew.
            assert_eq!(integer(&other, "select count(*) from sqlite_schema"), 1);
        }
        let reader = connect(&runtime);
        let there = reader.unchecked_transaction().unwrap();
        snapshot.open(&there).unwrap();
        let tables = integer(&there, "select count(*) from sqlite_schema");
        assert_eq!(tables, round, "tables at the snapshot");
        drop((there, transaction));
        // The last connection that closes checkpoints and removes the log.
        drop((reader, maker, other));
        assert_eq!(runtime.write_ahead_size(), 0);
    }
}

/// A read transaction on a log that was checkpointed as a whole does not keep it by itself.
#[test]
fn a_snapshot_of_what_is_checkpointed() {
    for (taken_first, emptied) in [(true, false), (false, false), (true, true), (false, true)] {
        let runtime = runtime();
        let (maker, first, reader) = (connect(&runtime), impatient(&runtime), connect(&runtime));
        first.execute_batch("create table t (x); insert into t values (1), (2), (3)").unwrap();
        assert!(!checkpoint(&first, if emptied { "truncate" } else { "full" }));
        // One that knows nothing of the checkpoint begins the log with salts of its own.
        let writer = impatient(&runtime);
        let transaction = maker.unchecked_transaction().unwrap();
        // In the middle of a query, too.
        let mut select = transaction.prepare("select x from t").unwrap();
        let mut rows = select.query([]).unwrap();
        if !taken_first {
            rows.next().unwrap().unwrap();
        }
        let snapshot = Snapshot::take(&transaction).unwrap();
        for round in 0..5 {
            if round == 0 {
                // The log is empty or checkpointed: SQLite has it begin anew, if not under a reader of it.
                checkpoint(&writer, "truncate");
                writer.execute_batch("begin; update t set x = 0; rollback").unwrap();
            }
            writer.execute_batch("update t set x = x + 10; insert into t values (100)").unwrap();
            for mode in MODES {
                checkpoint(&writer, mode);
                assert_eq!(sum_at(&snapshot, &reader).unwrap(), 6, "{mode}");
            }
        }
        rows.next().unwrap().unwrap();
        drop(rows);
        drop(select);
        assert_eq!(integer(&transaction, "select sum(x) from t"), 6);
        assert_eq!(sum_at(&Snapshot::take(&transaction).unwrap(), &reader).unwrap(), 6);
        transaction.commit().unwrap();
        assert!(!checkpoint(&writer, "truncate"), "nothing holds the log any more");
        writer.execute_batch("insert into t values (1)").unwrap();
        assert_eq!(sqlite_code(sum_at(&snapshot, &reader)), ffi::SQLITE_ERROR_SNAPSHOT);
        check_integrity(&reader);
    }
}

/// The maker goes on to write in its transaction: what it pinned for the snapshot is let go.
#[test]
fn the_maker_goes_on_to_write() {
    let runtime = runtime();
    let (maker, other) = (connect(&runtime), impatient(&runtime));
    maker.execute_batch("create table t (x); insert into t values (1)").unwrap();
    assert!(!checkpoint(&other, "full"));
    let transaction = maker.unchecked_transaction().unwrap();
    let snapshot = Snapshot::take(&transaction).unwrap();
    transaction.execute_batch("insert into t values (2)").unwrap();
    assert_eq!(sum_at(&snapshot, &other).unwrap(), 1);
    assert_eq!(own_code(Snapshot::take(&transaction)), Code::NoReadTransaction);
    transaction.commit().unwrap();
    assert_eq!(integer(&other, "select sum(x) from t"), 3);
    assert!(!checkpoint(&other, "truncate"));
    maker.execute_batch("insert into t values (3)").unwrap();
    assert_eq!(sqlite_code(sum_at(&snapshot, &other)), ffi::SQLITE_ERROR_SNAPSHOT);
    check_integrity(&other);
}

#[test]
fn refused_once_it_is_gone() {
    for mode in MODES {
        let runtime = runtime();
        let (maker, writer, reader) = (connect(&runtime), impatient(&runtime), connect(&runtime));
        writer.execute_batch("create table t (x); insert into t values (1)").unwrap();
        let transaction = maker.unchecked_transaction().unwrap();
        let snapshot = Snapshot::take(&transaction).unwrap();
        writer.execute_batch("insert into t values (2)").unwrap();
        assert_eq!(checkpoint(&writer, mode), mode != "passive", "the maker holds {mode} up");
        assert_eq!(sum_at(&snapshot, &reader).unwrap(), 1);
        transaction.commit().unwrap();
        assert!(!checkpoint(&writer, mode));
        writer.execute_batch("insert into t values (4)").unwrap();
        assert_eq!(sqlite_code(sum_at(&snapshot, &reader)), ffi::SQLITE_ERROR_SNAPSHOT, "{mode}");
        // And the connection is as before.
        assert_eq!(integer(&reader, "select sum(x) from t"), 7);
        reader.execute_batch("insert into t values (8)").unwrap();
        assert_eq!(integer(&maker, "select sum(x) from t"), 15);
    }
}

/// Another that reads at the snapshot keeps it, too, and can pass it on.
#[test]
fn a_reader_keeps_it_after_its_maker() {
    let runtime = runtime();
    let (maker, writer, reader) = (connect(&runtime), impatient(&runtime), connect(&runtime));
    writer.execute_batch("create table t (x); insert into t values (1)").unwrap();
    let transaction = maker.unchecked_transaction().unwrap();
    let snapshot = Snapshot::take(&transaction).unwrap();
    writer.execute_batch("insert into t values (2)").unwrap();
    let there = reader.unchecked_transaction().unwrap();
    snapshot.open(&there).unwrap();
    transaction.commit().unwrap();
    for mode in MODES {
        writer.execute_batch("insert into t values (2)").unwrap();
        checkpoint(&writer, mode);
    }
    assert_eq!(Snapshot::take(&there).unwrap(), snapshot);
    assert_eq!(sum_at(&snapshot, &maker).unwrap(), 1);
    assert_eq!(integer(&there, "select sum(x) from t"), 1);
    // Not the newest state, so nothing can be written on top of it.
    assert_eq!(run(&there, "insert into t values (3)"), Err(ffi::SQLITE_BUSY_SNAPSHOT));
    there.commit().unwrap();
    assert_eq!(integer(&reader, "select sum(x) from t"), 11);
}

#[test]
fn what_is_not_at_its_place_is_refused() {
    let (runtime, foreign) = (runtime(), runtime());
    let (db, other) = (connect(&runtime), connect(&runtime));
    db.execute_batch("create table first (x)").unwrap();
    assert_eq!(own_code(Snapshot::take(&db)), Code::NoReadTransaction);
    let snapshot = {
        let transaction = db.unchecked_transaction().unwrap();
        let snapshot = Snapshot::take(&transaction).unwrap();
        assert_eq!(own_code(snapshot.open(&transaction)), Code::InTransaction);
        snapshot
    };
    assert_eq!(snapshot.runtime_id(), runtime.id());
    assert_eq!(own_code(snapshot.open(&db)), Code::NoReadTransaction);
    let transaction = db.unchecked_transaction().unwrap();
    transaction.execute_batch("create table t (x)").unwrap();
    assert_eq!(own_code(snapshot.open(&transaction)), Code::InTransaction);
    transaction.commit().unwrap();

    let there = connect(&foreign);
    let transaction = there.unchecked_transaction().unwrap();
    assert_eq!(own_code(snapshot.open(&transaction)), Code::ForeignSnapshot);
    let theirs = Snapshot::take(&transaction).unwrap();
    assert_eq!(snapshot.partial_cmp(&theirs), None);
    let later = Snapshot::take(&other.unchecked_transaction().unwrap()).unwrap();
    assert_eq!(snapshot.partial_cmp(&later), Some(Ordering::Less));
    assert_eq!(later.partial_cmp(&snapshot), Some(Ordering::Greater));
    assert_eq!(later.partial_cmp(&later.clone()), Some(Ordering::Equal));

    let plain = Connection::open_in_memory().unwrap();
    plain.execute_batch("begin").unwrap();
    assert_eq!(own_code(Snapshot::take(&plain)), Code::InvalidArgument);
    assert_eq!(own_code(snapshot.open(&plain)), Code::InvalidArgument);

    let bytes = snapshot.to_bytes();
    assert_eq!(Snapshot::from_bytes(&bytes).unwrap(), snapshot);
    for length in 0..64 {
        assert_eq!(own_code(Snapshot::from_bytes(&bytes[..length])), Code::InvalidSnapshot, "{length}");
    }
    assert_eq!(own_code(Snapshot::from_bytes(&[0; 100])), Code::InvalidSnapshot);
    // Whatever byte is wrong, it is refused, be it now or when it is opened.
    for at in 0..bytes.len() {
        let mut wrong = bytes.clone();
        wrong[at] ^= 0x55;
        let code = own_code(Snapshot::from_bytes(&wrong).and_then(|wrong| {
            let transaction = db.unchecked_transaction()?;
            wrong.open(&transaction)
        }));
        let expected = if at < 64 { Code::InvalidSnapshot } else { Code::ForeignSnapshot };
        assert_eq!(code, expected, "byte {at}");
    }
}

/// Outside of WAL mode there are none, and they come with it.
#[test]
fn in_other_journal_modes() {
    let runtime = runtime();
    let db = connect_in(&runtime, JournalMode::Delete);
    db.execute_batch("create table t (x); insert into t values (1)").unwrap();
    let early = connect_in(&runtime, JournalMode::Keep);
    {
        let transaction = db.unchecked_transaction().unwrap();
        assert_eq!(own_code(Snapshot::take(&transaction)), Code::SnapshotUnavailable);
    }
    assert_eq!(text(&db, "pragma journal_mode = wal"), "wal");
    let transaction = db.unchecked_transaction().unwrap();
    assert!(Snapshot::take(&transaction).is_ok());
    transaction.commit().unwrap();
    db.execute_batch("create table u (x)").unwrap();
    let transaction = db.unchecked_transaction().unwrap();
    let snapshot = Snapshot::take(&transaction).unwrap();
    // This one has not read since.
    assert_eq!(sum_at(&snapshot, &early).unwrap(), 1);
    transaction.commit().unwrap();
    assert_eq!(text(&db, "pragma journal_mode"), "wal");
    drop(early);
    assert_eq!(text(&db, "pragma journal_mode = delete"), "delete");
    assert_eq!(own_code(sum_at(&snapshot, &db)), Code::SnapshotUnavailable);
    assert_eq!(integer(&db, "select sum(x) from t"), 1);
}

/// A checkpoint that waits for the maker keeps CKPT, which the opening of a snapshot takes shared:
/// it waits within its timeout, and is woken.
#[test]
fn opening_waits_for_a_checkpoint() {
    const CHECKPOINT_WAITS: Duration = Duration::from_millis(400);
    let runtime = runtime();
    let (maker, hasty, patient) =
        (connect(&runtime), impatient(&runtime), connect_patiently(&runtime, JournalMode::Wal));
    maker.execute_batch("create table t (x); insert into t values (1)").unwrap();
    let transaction = maker.unchecked_transaction().unwrap();
    let snapshot = Snapshot::take(&transaction).unwrap();
    for mode in &MODES[1..] {
        hasty.execute_batch("insert into t values (10)").unwrap();
        std::thread::scope(|scope| {
            let (ready, go) = std::sync::mpsc::channel();
            let (runtime, mode) = (&runtime, *mode);
            let checkpointer = scope.spawn(move || {
                let db = connect(runtime);
                db.execute_batch(&format!("pragma busy_timeout = {}", CHECKPOINT_WAITS.as_millis())).unwrap();
                ready.send(()).unwrap();
                loop {
                    // Refused at once if it meets one who opens the snapshot.
                    let start = Instant::now();
                    let held_up = checkpoint(&db, mode);
                    if start.elapsed() > CHECKPOINT_WAITS / 2 {
                        break held_up;
                    }
                }
            });
            go.recv().unwrap();
            let start = Instant::now();
            // Until the checkpoint has CKPT.
            while sum_at(&snapshot, &hasty).is_ok() {
                assert!(start.elapsed() < Duration::from_secs(20), "{mode} never had CKPT");
            }
            assert_eq!(sqlite_code(sum_at(&snapshot, &hasty)), ffi::SQLITE_BUSY, "{mode}");
            assert_eq!(sum_at(&snapshot, &patient).unwrap(), 1, "{mode}");
            let waited = start.elapsed();
            assert!(checkpointer.join().unwrap(), "the maker held {mode} up");
            assert!(waited >= CHECKPOINT_WAITS / 2 && waited < CHECKPOINT_WAITS * 10, "{mode}: {waited:?}");
        });
    }
    // The other way round: who opens holds it for a moment alone, and a checkpoint waits for that.
    transaction.commit().unwrap();
    assert!(!checkpoint(&patient, "truncate"));
}
