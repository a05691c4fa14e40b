//! An export is one snapshot, whatever others commit between its steps.

use super::{Duration, JournalMode, connect, create_runtime};
use crate::memory::private::PrivateBytes;
use crate::runtime::image::export;

#[test]
fn commits_between_the_size_and_the_content() {
    let runtime = create_runtime();
    let (source, writer) = (
        connect(&runtime, JournalMode::Wal, Duration::ZERO),
        connect(&runtime, JournalMode::Wal, Duration::ZERO),
    );
    writer.execute_batch("create table t (x); insert into t values (1)").unwrap();
    let image = export(&source, |size| {
        writer.execute_batch("insert into t values (2), (zeroblob(50000))").unwrap();
        PrivateBytes::zeroed(size)
    });
    let there = create_runtime();
    there.import_database_blocking(image.unwrap().take()).unwrap();
    let db = connect(&there, JournalMode::Wal, Duration::ZERO);
    let rows: i64 = db.query_row("select count(*) from t", [], |row| row.get(0)).unwrap();
    assert_eq!(rows, 1);
}

#[test]
fn no_memory_for_the_image() {
    let runtime = create_runtime();
    let source = connect(&runtime, JournalMode::Wal, Duration::ZERO);
    let error = export::<PrivateBytes>(&source, |_| None).err().unwrap().to_string();
    assert!(error.contains("4096 bytes"), "{error}");
}
