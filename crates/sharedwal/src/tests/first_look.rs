//! A reader looks at the header before any call of the VFS in its transaction. What it sees may be
//! old, but both copies of it have to agree: else SQLite takes the WRITE lock just to look again.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use rusqlite::{Connection, ErrorCode};

use super::{connect, create_runtime, mortal};
use crate::JournalMode;
use crate::injection::Point;
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

/// A writer in another thread, without a busy timeout, that commits when it is told to.
struct Overtaker {
    /// Whether the other one only reads, which refuses no writer.
    reads: bool,
    tell: mpsc::Sender<()>,
    told: mpsc::Receiver<rusqlite::Result<usize>>,
    commits: Cell<u32>,
    /// It was told to and has not answered yet.
    at_it: Cell<bool>,
}

impl Overtaker {
    /// Has it commit, and goes on when that is done or takes long.
    fn overtake(&self, patience: Duration) {
        let patience = if self.at_it.replace(true) { Duration::ZERO } else { patience };
        if patience != Duration::ZERO {
            self.tell.send(()).unwrap();
        }
        if let Ok(result) = self.told.recv_timeout(patience) {
            let refused = result.as_ref().err().and_then(|error| error.sqlite_error_code());
            assert!(!self.reads || refused.is_none(), "a writer is not refused because somebody looks");
            assert!(matches!(refused, None | Some(ErrorCode::DatabaseBusy)), "{refused:?}");
            self.commits.set(self.commits.get() + u32::from(refused.is_none()));
            self.at_it.set(false);
        }
    }
}

/// Runs `statement` while a writer commits between each of its looks at the header and the check that
/// the header is still the same. A writer that never pauses does that by chance.
fn overtaken_at_each_look(statement: &str) {
    let runtime = create_runtime();
    let db = connect(&runtime, JournalMode::Wal, Duration::from_secs(5));
    db.execute_batch("create table t (x); insert into t values (0); create table mine (x)").unwrap();
    let (tell, to_do) = mpsc::channel();
    let (answer, told) = mpsc::channel();
    let writer = connect(&runtime, JournalMode::Keep, Duration::ZERO);
    let thread = std::thread::spawn(move || {
        for () in to_do {
            answer.send(writer.execute("update t set x = x + 1", [])).unwrap();
        }
    });
    let overtaker = Rc::new(Overtaker {
        reads: statement.starts_with("select"),
        tell,
        told,
        commits: Cell::new(0),
        at_it: Cell::new(false),
    });
    let visitor = overtaker.clone();
    mortal::visit_at(Point::ShmLock, Some(Box::new(move || visitor.overtake(Duration::from_millis(20)))));
    let start = Instant::now();
    let result = db.execute_batch(statement);
    let took = start.elapsed();
    mortal::visit_at(Point::ShmLock, None);
    assert_eq!(result, Ok(()), "after {took:?} and {} commits", overtaker.commits.get());
    assert!(overtaker.commits.get() >= 10, "it was overtaken {} times only", overtaker.commits.get());
    assert!(took < Duration::from_secs(2), "{took:?}");
    // Nobody is held up any more.
    let start = Instant::now();
    overtaker.overtake(Duration::from_secs(10));
    while overtaker.at_it.get() {
        assert!(start.elapsed() < Duration::from_secs(10), "the writer does not come through");
        std::thread::sleep(Duration::from_millis(1));
        overtaker.overtake(Duration::ZERO);
    }
    assert_eq!(db.query_row("select x from t", [], |row| row.get(0)), Ok(overtaker.commits.get()));
    drop(overtaker);
    thread.join().unwrap();
}

#[test]
fn a_reader_that_is_always_overtaken_has_its_turn() {
    overtaken_at_each_look("select * from t");
}

#[test]
fn a_writer_whose_look_is_always_overtaken_has_its_turn() {
    overtaken_at_each_look("insert into mine values (1)");
}
