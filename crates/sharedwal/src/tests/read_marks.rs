//! Read marks move seldom, and always where somebody checkpoints.

use std::time::{Duration, Instant};

use rusqlite::Connection;

use super::{connect, create_runtime};
use crate::layout::{self, HEADER, lock_word, locks};
use crate::{JournalMode, Runtime};

/// `WalCkptInfo.aReadMark`, and where the header has the number of frames.
const MARKS: std::ops::Range<u32> = HEADER + 26..HEADER + 30;
const MX_FRAME: u32 = HEADER + 4;
const COMMITS: u32 = 1000;
const PATIENT: Duration = Duration::from_secs(10);

fn writer(runtime: &Runtime) -> Connection {
    let db = connect(runtime, JournalMode::Wal, PATIENT);
    db.execute_batch("pragma wal_autocheckpoint = 0; create table t (x)").unwrap();
    db
}

fn marks(runtime: &Runtime) -> Vec<u32> {
    MARKS.map(|at| runtime.inner().control().load(at)).collect()
}

#[test]
fn a_mark_moves_when_it_lags_by_a_sixteenth_of_the_log() {
    let runtime = create_runtime();
    let db = writer(&runtime);
    let mut moves = 0;
    for _ in 0..COMMITS {
        let before = marks(&runtime);
        // A commit begins with a read, of all frames before it.
        let frames = runtime.inner().control().load(MX_FRAME);
        db.execute_batch("insert into t values (1)").unwrap();
        let after = marks(&runtime);
        moves += u32::from(before != after);
        let newest = after.iter().filter(|mark| **mark <= frames).max().copied().unwrap();
        assert!(frames - newest <= frames / 16, "a mark at {newest} of {frames} frames");
    }
    assert!((50..150).contains(&moves), "{moves} moves in {COMMITS} commits");
}

/// A checkpoint waits for the readers of an old mark. One that comes meanwhile reads more than they do,
/// and must not have it wait for itself as well.
#[test]
fn a_checkpoint_waits_for_no_reader_that_comes_after_it() {
    let runtime = create_runtime();
    let db = writer(&runtime);
    for _ in 0..200 {
        db.execute_batch("insert into t values (1)").unwrap();
    }
    let [old, new] = [(), ()].map(|()| connect(&runtime, JournalMode::Keep, PATIENT));
    let count = "begin; select count(*) from t";
    old.execute_batch(count).unwrap();
    db.execute_batch("insert into t values (2)").unwrap();
    let control = runtime.inner().control();
    std::thread::scope(|scope| {
        let checkpoint = scope.spawn(|| {
            let db = connect(&runtime, JournalMode::Keep, PATIENT);
            db.query_row("pragma wal_checkpoint(full)", [], |row| {
                Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?, row.get::<_, i64>(2)?))
            })
        });
        let start = Instant::now();
        let reads = locks::READ..locks::WAL_LOCKS;
        while !reads.clone().any(|lock| control.load(layout::lock(lock) + lock_word::WAITING) != 0) {
            assert!(start.elapsed() < PATIENT, "the checkpoint does not wait");
            std::thread::yield_now();
        }
        new.execute_batch(count).unwrap();
        old.execute_batch("commit").unwrap();
        let (busy, log, done) = checkpoint.join().unwrap().unwrap();
        assert_eq!((busy, done), (0, log), "the new reader held it up");
    });
    new.execute_batch("commit").unwrap();
}
