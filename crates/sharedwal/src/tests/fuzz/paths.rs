//! Paths as SQL can name them.

use std::time::Duration;

use bolero::TypeGenerator;
use rusqlite::{Connection, OpenFlags};

use super::super::create_runtime;
use super::{duration, fuzz, without_panic};
use crate::vfs;

#[derive(Debug, TypeGenerator)]
enum Part {
    Text(String),
    Id,
    Name,
    Slash,
    Suffix(u8),
    Long(u16),
}

/// `ATTACH` and opening by path: found, or refused; never another file, never a panic.
#[test]
fn paths_of_any_kind() {
    let runtime = create_runtime();
    let db = runtime.connect_blocking().unwrap();
    db.execute_batch("create table t (x); insert into t values (7)").unwrap();
    fuzz(duration() / 2, |parts: &Vec<Part>| {
        let path: String = parts
            .iter()
            .take(6)
            .map(|part| match part {
                Part::Text(text) => text.clone(),
                Part::Id => runtime.id().to_owned(),
                Part::Name => runtime.name().to_owned(),
                Part::Slash => "/".into(),
                Part::Suffix(n) => {
                    ["-wal", "-journal", "-mj", "-mj01234567", "-shm", "file:"][usize::from(*n) % 6].into()
                }
                Part::Long(length) => "x".repeat((*length % 1000).into()),
            })
            .collect();
        without_panic(Duration::from_secs(5), || {
            let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
            let opened = Connection::open_with_flags_and_vfs(path.as_str(), flags, vfs::NAME);
            let sum = |db: &Connection, table: &str| {
                db.query_row(&format!("select sum(x) from {table}"), [], |row| row.get::<_, i64>(0))
            };
            if let Ok(opened) = opened
                && let Ok(sum) = sum(&opened, "t")
            {
                assert_eq!(sum, 7, "{path:?}");
            }
            if db.execute("attach ?1 as other", [&path]).is_ok() {
                if let Ok(sum) = sum(&db, "other.t") {
                    assert_eq!(sum, 7, "{path:?}");
                }
                db.execute_batch("detach other").unwrap();
            }
        });
    });
    let sum: i64 = db.query_row("select sum(x) from t", [], |row| row.get(0)).unwrap();
    assert_eq!(sum, 7);
}
