//! A reader looks at the header before any call of the VFS in its transaction. What it sees may be
//! old, but both copies of it have to agree: else SQLite takes the WRITE lock just to look again.

use std::time::Duration;

use rusqlite::Connection;

use super::{connect, create_runtime};
use crate::JournalMode;
use crate::layout::locks;
use crate::vfs::{database_of, pause};

fn write_tries(db: &Connection) -> u64 {
    // SAFETY: the connection is open, and nothing else uses its database now.
    unsafe { database_of(db.handle()) }.unwrap().locks().tries[locks::WRITE as usize]
}

#[test]
fn a_reader_does_not_touch_the_writers_lock() {
    let runtime = create_runtime();
    let [writer, reader] = [(); 2].map(|()| connect(&runtime, JournalMode::Wal, Duration::ZERO));
    writer.execute_batch("create table t (x); insert into t values (0)").unwrap();
    let read = || -> i64 { reader.query_row("select x from t", [], |row| row.get(0)).unwrap() };
    assert_eq!(read(), 0);
    let (before, written) = (write_tries(&reader), write_tries(&writer));
    for x in 1..=200 {
        writer.execute("update t set x = ?1", [x]).unwrap();
        if x % 3 == 0 {
            // With a writer in the middle of its transaction as well.
            writer.execute_batch("begin immediate; update t set x = -1").unwrap();
            assert_eq!(read(), x);
            writer.execute_batch("rollback").unwrap();
        }
        if x % 50 == 0 {
            writer.query_row("pragma wal_checkpoint(restart)", [], |_| Ok(())).unwrap();
        }
        assert_eq!(read(), x, "the look was old, the answer is not");
    }
    assert!(write_tries(&writer) >= written + 200);
    assert_eq!(write_tries(&reader), before);
}

/// After some tries in vain SQLite sleeps, and looks at the header before any call of the VFS:
/// what others published has to be there then, or it tries until it gives up.
#[test]
fn a_sleep_refreshes_what_is_looked_at_next() {
    let runtime = create_runtime();
    let reader = connect(&runtime, JournalMode::Wal, Duration::ZERO);
    reader.execute_batch("create table t (x); select * from t").unwrap();
    let difference = || {
        // SAFETY: the connection is open, and nothing else uses its database now.
        unsafe { database_of(reader.handle()) }.unwrap().wal_index().unwrap().difference_from_shared()
    };
    assert_eq!(difference(), None);
    // In another thread, so that the reader's database is the one last used in this one.
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let writer = connect(&runtime, JournalMode::Wal, Duration::ZERO);
            writer.execute_batch("insert into t values (1)").unwrap();
        });
    });
    assert!(difference().is_some(), "the commit is not known here yet");
    pause(Duration::from_micros(1));
    assert_eq!(difference(), None);
}
