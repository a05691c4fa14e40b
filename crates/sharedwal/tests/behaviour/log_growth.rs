//! The write-ahead log is held, whatever readers do.

use std::ffi::{CStr, c_char, c_int, c_void};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Instant;

use super::*;

/// Two readers that take turns so that one of them is always in the log, while `work` is done.
fn overlapping_readers(runtime: &Runtime, work: impl FnOnce()) {
    let done = AtomicBool::new(false);
    // How often each has begun: each ends only after the other has begun once more.
    let begun = [AtomicU64::new(0), AtomicU64::new(0)];
    std::thread::scope(|scope| {
        for me in 0..2 {
            let (done, begun) = (&done, &begun);
            scope.spawn(move || {
                let db = connect(runtime);
                while !done.load(Ordering::SeqCst) {
                    let other = begun[1 - me].load(Ordering::SeqCst);
                    db.execute_batch("begin; select * from t limit 1").unwrap();
                    begun[me].fetch_add(1, Ordering::SeqCst);
                    while begun[1 - me].load(Ordering::SeqCst) == other && !done.load(Ordering::SeqCst) {
                        std::thread::yield_now();
                    }
                    db.execute_batch("commit").unwrap();
                }
            });
        }
        let _end = End(&done);
        work();
    });
}

/// The log never starts anew by chance.
#[test]
fn readers_that_overlap_for_ever() {
    let mut options = RuntimeOptions::default();
    options.max_write_ahead_capacity = 8 << 20;
    let runtime = Runtime::create(&options).unwrap();
    let db = connect(&runtime);
    db.execute_batch("create table t (id integer primary key, x)").unwrap();
    let mut largest = 0;
    overlapping_readers(&runtime, || {
        for i in 0..4000 {
            db.execute("insert into t values (?1, randomblob(9000))", [i]).unwrap();
            largest = largest.max(runtime.write_ahead_size());
        }
    });
    assert!(runtime.database_size() > 30 << 20, "36 MB went through the log");
    assert!(largest < 8 << 20, "the log grew to {largest} bytes");
    println!("the log grew to {largest} bytes");
}

/// Past the mark, a reader that stays costs a writer a short wait now and then, not its busy timeout.
#[test]
fn a_reader_that_stays() {
    const BOUND: Duration = Duration::from_millis(250);
    let mut options = RuntimeOptions::default();
    options.max_write_ahead_capacity = 8 << 20;
    let runtime = Runtime::create(&options).unwrap();
    let patient = |_| connect_patiently(&runtime, JournalMode::Wal);
    let [db, other, reader] = [0; 3].map(patient);
    db.execute_batch("create table t (id integer primary key, x)").unwrap();
    reader.execute_batch("begin; select * from t").unwrap();
    let mut longest = Duration::ZERO;
    while runtime.write_ahead_size() < 7 << 20 {
        for db in [&db, &other] {
            let begun = Instant::now();
            db.execute_batch("insert into t (x) values (randomblob(9000))").unwrap();
            longest = longest.max(begun.elapsed());
        }
    }
    println!("the longest commit took {longest:?}");
    assert!(longest >= BOUND, "{longest:?}: nobody tried to have the log start anew");
    assert!(longest < BOUND * 10, "a commit took {longest:?}");
    assert_eq!(text(&db, "pragma busy_timeout"), "60000");
    reader.execute_batch("commit").unwrap();
    let mut largest = 0;
    db.execute_batch("insert into t (x) values (1); insert into t (x) values (1)").unwrap();
    let pinned = runtime.write_ahead_size();
    for _ in 0..2000 {
        db.execute_batch("insert into t (x) values (randomblob(9000))").unwrap();
        largest = largest.max(runtime.diagnostics().write_ahead_frames);
    }
    assert_eq!(runtime.write_ahead_size(), pinned, "what there was is used anew");
    assert!(largest < 1024, "{largest} frames");
}

/// One that stayed is forgotten with it: others that overlap afterwards are waited for again.
#[test]
fn readers_that_overlap_after_one_that_stayed() {
    let mut options = RuntimeOptions::default();
    options.max_write_ahead_capacity = 8 << 20;
    let runtime = Runtime::create(&options).unwrap();
    let patient = |_| connect_patiently(&runtime, JournalMode::Wal);
    let [db, stays] = [0; 2].map(patient);
    db.execute_batch("create table t (id integer primary key, x)").unwrap();
    stays.execute_batch("begin; select * from t").unwrap();
    while runtime.write_ahead_size() < 7 << 20 {
        db.execute_batch("insert into t (x) values (randomblob(9000))").unwrap();
    }
    stays.execute_batch("commit").unwrap();
    overlapping_readers(&runtime, || {
        for _ in 0..3000 {
            db.execute_batch("insert into t (x) values (randomblob(9000))").unwrap();
        }
    });
}

#[test]
fn autocheckpoint_is_ours_to_set() {
    let db = connect(&runtime());
    let frames = |sql: &str| -> String { db.query_row(sql, [], |row| row.get(0)).unwrap() };
    assert_eq!(frames("pragma wal_autocheckpoint"), "1000");
    assert_eq!(frames("pragma wal_autocheckpoint = 7"), "7");
    assert_eq!(frames("pragma wal_autocheckpoint"), "7");
    assert_eq!(frames("pragma wal_autocheckpoint = -1"), "0");
}

/// As in SQLite: whoever sets a `wal_hook` checkpoints by himself, until the pragma takes it back.
#[test]
fn a_hook_of_the_users() {
    unsafe extern "C" fn hook(
        calls: *mut c_void,
        _: *mut ffi::sqlite3,
        name: *const c_char,
        frames: c_int,
    ) -> c_int {
        // SAFETY: SQLite passes a C string, and what the hook was set with.
        unsafe {
            assert_eq!(CStr::from_ptr(name), c"main");
            (*calls.cast::<Vec<c_int>>()).push(frames);
        }
        ffi::SQLITE_OK
    }
    const FILL: &str = "with recursive c (i) as (select 1 union all select i + 1 from c where i < 1500)
                        insert into t select randomblob(3000) from c";
    let runtime = runtime();
    let db = connect(&runtime);
    db.execute_batch("create table t (x)").unwrap();
    let mut frames: Vec<c_int> = Vec::new();
    // SAFETY: the connection is open, and the hook is replaced before the vector goes.
    unsafe { ffi::sqlite3_wal_hook(db.handle(), Some(hook), (&raw mut frames).cast()) };
    db.execute_batch(FILL).unwrap();
    db.execute_batch("insert into t values (1)").unwrap();
    let size = runtime.write_ahead_size();
    assert!(size > 1500 * 4096, "nobody checkpoints: {size} bytes");
    db.execute_batch("pragma wal_autocheckpoint = 500").unwrap();
    // This commit is the last that is appended: it checkpoints, and the next one starts the log anew.
    db.execute_batch("insert into t values (2)").unwrap();
    let size = runtime.write_ahead_size();
    db.execute_batch("insert into t values (3)").unwrap();
    assert_eq!(runtime.write_ahead_size(), size);
    assert_eq!(frames.len(), 2, "{frames:?}");
    assert!(frames[0] > 1500 && frames[1] > frames[0], "{frames:?}");
}
