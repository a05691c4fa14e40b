//! What comes to light otherwise than by a commit of somebody who lives.

use super::*;
use crate::layout::PUBLISHER;
use crate::ordered_section::TEST_PATIENCE;
use crate::tests::create_runtime;

const SCHEMA: &str = "create table a (x); create table b (x)";

/// A commit that could not be published is told when it is, and not as what its connection does next.
#[test]
fn a_commit_that_is_published_later() {
    let runtime = create_runtime();
    let db = Tracked::new(&runtime, JournalMode::Wal);
    db.exec(SCHEMA);
    let mut listener = listen(&runtime);
    let words = runtime.inner().control().clone();
    db.exec("begin immediate; insert into a values (1)");
    TEST_PATIENCE.set(Some(Duration::from_millis(5)));
    words.store(PUBLISHER, 60);
    db.exec("commit");
    assert_eq!(told(&mut listener), [""; 0], "nobody can see it");
    words.store(PUBLISHER, 0);
    TEST_PATIENCE.set(None);
    db.exec("insert into b values (1)");
    assert_eq!(told(&mut listener), ["?", "b"]);
}

/// The same, where the connection is closed next.
#[test]
fn a_commit_that_is_published_by_the_close() {
    let runtime = create_runtime();
    let db = Tracked::new(&runtime, JournalMode::Wal);
    let _other = connect(&runtime, JournalMode::Keep, Duration::ZERO);
    db.exec(SCHEMA);
    let mut listener = listen(&runtime);
    let words = runtime.inner().control().clone();
    db.exec("begin immediate; insert into a values (1)");
    TEST_PATIENCE.set(Some(Duration::from_millis(5)));
    words.store(PUBLISHER, 60);
    db.exec("commit");
    words.store(PUBLISHER, 0);
    TEST_PATIENCE.set(None);
    drop(db);
    assert_eq!(told(&mut listener), ["?"]);
}

/// Whoever opens the database finds a log that nobody told of, whether it shares its wal-index or not.
#[test]
fn a_log_that_is_recovered() {
    for exclusive in [false, true] {
        let runtime = create_runtime();
        let db = Tracked::new(&runtime, JournalMode::Wal);
        db.exec(SCHEMA);
        db.exec("insert into a values (1)");
        // Everybody dies, and the log stays.
        // SAFETY: the connection is open, and nothing else uses its database now.
        let (slot, generation) = unsafe { crate::vfs::database_of(db.handle()) }.unwrap().identity();
        crate::tests::mortal::die_after(0);
        drop(db);
        crate::tests::mortal::revive();
        super::deaths::bury(&runtime, slot, generation);
        let mut listener = listen(&runtime);
        let db = connect(&runtime, JournalMode::Keep, Duration::ZERO);
        assert_eq!(told(&mut listener), ["?"], "opening looks for pages");
        drop(db);
        all(&mut listener);
        assert_eq!(runtime.write_ahead_size(), 0);

        // In exclusive mode from the beginning.
        let db = connect(&runtime, JournalMode::Keep, Duration::ZERO);
        db.execute_batch("insert into a values (2)").unwrap();
        // SAFETY: as above.
        let (slot, generation) = unsafe { crate::vfs::database_of(db.handle()) }.unwrap().identity();
        crate::tests::mortal::die_after(0);
        drop(db);
        crate::tests::mortal::revive();
        super::deaths::bury(&runtime, slot, generation);
        all(&mut listener);
        if exclusive {
            crate::vfs::register();
            let path = format!("file:/{}/{}?vfs=sharedwal", runtime.id(), runtime.name());
            let db = Connection::open(path).unwrap();
            db.execute_batch("pragma locking_mode = exclusive; select * from a").unwrap();
            assert_eq!(told(&mut listener), ["?"]);
        }
    }
}

#[test]
fn an_import() {
    for alone in [true, false] {
        let source = create_runtime();
        Tracked::new(&source, JournalMode::Wal).exec("create table c (x); insert into c values (1)");
        let image = source.export_database_blocking().unwrap();
        let runtime = create_runtime();
        let db = Tracked::new(&runtime, JournalMode::Wal);
        db.exec(SCHEMA);
        let other = (!alone).then(|| Tracked::new(&runtime, JournalMode::Keep));
        drop(db);
        let mut listener = listen(&runtime);
        runtime.import_database_blocking(image).unwrap();
        let told = told(&mut listener);
        assert!(!told.is_empty() && told.iter().all(|told| told == "?"), "{told:?}");
        let db = other.unwrap_or_else(|| Tracked::new(&runtime, JournalMode::Keep));
        all(&mut listener);
        db.exec("insert into c values (2)");
        assert_eq!(super::told(&mut listener), ["c"]);
    }
}

/// Opening and closing changes nothing that anybody reads.
#[test]
fn no_noise() {
    let runtime = create_runtime();
    let db = Tracked::new(&runtime, JournalMode::Wal);
    db.exec(SCHEMA);
    let mut listener = listen(&runtime);
    drop(db);
    let db = Tracked::new(&runtime, JournalMode::Wal);
    let other = Tracked::new(&runtime, JournalMode::Wal);
    db.exec("select * from a; pragma wal_checkpoint(truncate)");
    assert_eq!(told(&mut listener), [""; 0]);
    other.exec("insert into a values (1)");
    db.exec("pragma wal_checkpoint(restart); insert into b values (1)");
    assert_eq!(told(&mut listener), ["a", "b"]);
}
