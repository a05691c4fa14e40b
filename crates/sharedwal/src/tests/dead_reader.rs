//! One that does not write dies in the middle of a publish, while a writer has written frames that
//! are not committed, past the end of the first page of the wal-index. The writer goes on as if
//! nothing had happened: the header must not be zeroed under it.
//!
//! A reader's mark is never new while there is a writer, who has the same; what one that does not
//! write publishes then is how far its checkpoint goes.

use std::time::Duration;

use rusqlite::Connection;

use super::{create_runtime, mortal};
use crate::injection::Point;
use crate::layout::PUBLISHER;
use crate::reaping::reap;
use crate::vfs::database_of;
use crate::{JournalMode, Runtime};

/// Frames that the first page of the wal-index has room for.
const FIRST_PAGE: u64 = 4_062;

fn connect(runtime: &Runtime) -> Connection {
    let db = super::connect(runtime, JournalMode::Keep, Duration::ZERO);
    db.execute_batch(
        "pragma page_size = 512; pragma journal_mode = wal; pragma wal_autocheckpoint = 0;
         pragma cache_size = 12; pragma cache_spill = 1",
    )
    .unwrap();
    db
}

fn frames(runtime: &Runtime) -> u64 {
    runtime.write_ahead_size().saturating_sub(32) / (512 + 24)
}

fn insert_until(db: &Connection, runtime: &Runtime, wanted: u64) {
    let mut insert = db.prepare_cached("insert into t (text) values (printf('%.400c', 'x'))").unwrap();
    while frames(runtime) < wanted {
        insert.execute([]).unwrap();
    }
}

fn count(db: &Connection) -> i64 {
    db.query_row("select count(*) from t", [], |row| row.get(0)).unwrap()
}

/// Dies at the point, in the first publish of a checkpoint; returns who it was.
fn die_in_a_publish(runtime: &Runtime, reader: Connection, point: Point) -> (u32, u32) {
    // SAFETY: the connection is open, and nothing else uses its database now.
    let identity = unsafe { database_of(reader.handle()) }.unwrap().identity();
    mortal::die_at(point, 0);
    mortal::until_death(|| {
        let _ = reader.query_row("pragma wal_checkpoint(passive)", [], |_| Ok(()));
    });
    assert!(mortal::is_dead(), "it published nothing");
    drop(reader);
    mortal::revive();
    assert_eq!(runtime.inner().control().load(PUBLISHER), identity.0 + 1);
    identity
}

#[test]
fn committed_rows_stay() {
    for point in [Point::PublisherNamed, Point::VersionOdd, Point::WordsStored, Point::VersionEven] {
        for end in ["commit", "rollback"] {
            let runtime = create_runtime();
            let [writer, reader, other] = [(); 3].map(|()| connect(&runtime));
            writer.execute_batch("create table t (id integer primary key, text)").unwrap();
            assert_eq!(count(&reader), 0);
            writer.execute_batch("begin").unwrap();
            insert_until(&writer, &runtime, FIRST_PAGE - 60);
            writer.execute_batch("commit").unwrap();
            let committed = count(&other);
            assert!(committed > 3_000);
            writer.execute_batch("begin").unwrap();
            insert_until(&writer, &runtime, FIRST_PAGE + 200);
            let in_transaction = count(&writer);

            let (slot, generation) = die_in_a_publish(&runtime, reader, point);
            // SAFETY: as above.
            let (reaper, _) = unsafe { database_of(other.handle()) }.unwrap().identity();
            assert!(reap(runtime.inner().control(), reaper, slot, generation));
            assert_eq!(count(&other), committed, "{point:?}, before the {end}");
            assert_eq!(count(&writer), in_transaction);
            writer.execute_batch(end).unwrap();
            let expected = if end == "commit" { in_transaction } else { committed };
            for db in [&writer, &other, &connect(&runtime)] {
                assert_eq!(count(db), expected, "{point:?}, after the {end}");
                db.execute_batch("insert into t (text) values ('y'); delete from t where text = 'y'")
                    .unwrap();
                let answer: String = db.query_row("pragma integrity_check", [], |row| row.get(0)).unwrap();
                assert_eq!(answer, "ok");
            }
            for db in [&writer, &other] {
                assert_eq!(count(db), expected);
            }
        }
    }
}
