//! Whole databases out of and into a runtime.

use std::ffi::{c_int, c_void};

use sharedwal::Image;

use super::*;

const ROWS: &str = "insert into t (text) select printf('%.*c', 100 + value % 900, 'x')
                    from (with recursive c (value) as (select 1 union all select value + 1 from c
                          where value < 500) select value from c)";

fn filled() -> Runtime {
    let runtime = runtime();
    let db = connect(&runtime);
    db.execute_batch("create table t (id integer primary key, text); create index i on t (text)").unwrap();
    db.execute_batch(ROWS).unwrap();
    runtime
}

fn imported(image: impl Into<Image>) -> Runtime {
    let runtime = runtime();
    runtime.import_database_blocking(image).unwrap();
    runtime
}

const CONTENT: &str = "select count(*) || ' ' || sum(id * length(text)) from t";

/// An image of pages of this size, in a text encoding.
fn image(page_size: u32, encoding: &str) -> Vec<u8> {
    let runtime = runtime();
    let db = connect_in(&runtime, JournalMode::Keep);
    db.execute_batch(&format!("pragma page_size = {page_size}; pragma encoding = '{encoding}'")).unwrap();
    db.execute_batch("create table t (id integer primary key, text)").unwrap();
    db.execute_batch(ROWS).unwrap();
    runtime.export_database_blocking().unwrap()
}

#[test]
fn what_goes_out_comes_in() {
    let runtime = filled();
    let open = connect(&runtime);
    open.execute_batch("update t set text = 'only in the log' where id = 77").unwrap();
    assert!(runtime.write_ahead_size() > 0);
    let bytes = runtime.export_database_blocking().unwrap();
    assert_eq!(bytes.len() as i64, integer(&open, "pragma page_count") * 4096);
    let there = imported(bytes.clone());
    let db = connect(&there);
    assert_eq!(text(&db, CONTENT), text(&open, CONTENT));
    assert_eq!(text(&db, "pragma journal_mode"), "wal");
    check_integrity(&db);
    assert_eq!(runtime.connections(), 1, "an export leaves no connection behind");
    // Again, from what was imported.
    let again = there.export_database_blocking().unwrap();
    assert_eq!(text(&connect(&imported(again)), CONTENT), text(&open, CONTENT));
}

/// Bytes that are only in the log are part of an export, what is not committed is not.
#[test]
fn an_export_is_one_moment() {
    let runtime = filled();
    let db = connect(&runtime);
    db.execute_batch("pragma wal_checkpoint(truncate); pragma wal_autocheckpoint = 0; pragma cache_size = 5")
        .unwrap();
    db.execute_batch("update t set text = 'committed' where id = 7; begin; update t set text = 'lost'")
        .unwrap();
    let there = connect(&imported(runtime.export_database_blocking().unwrap()));
    assert_eq!(integer(&there, "select count(*) from t where text = 'committed'"), 1);
    assert_eq!(integer(&there, "select count(*) from t where text = 'lost'"), 0);
    check_integrity(&there);
}

/// While others commit, each export has the state after one commit.
#[test]
fn exports_beside_a_writer() {
    let runtime = runtime();
    let db = connect(&runtime);
    db.execute_batch(
        "create table a (x); create table b (x); create table grows (x); insert into a values (0); insert into b values (0)",
    )
    .unwrap();
    let last = std::thread::scope(|scope| {
        let writer = scope.spawn(|| {
            let db = connect(&runtime);
            for x in 1..=3000 {
                db.execute_batch(&format!(
                    "begin immediate; update a set x = {x}; update b set x = {x};
                     insert into grows values (zeroblob(5000)); commit"
                ))
                .unwrap();
            }
        });
        let mut last = 0;
        while !writer.is_finished() {
            let there = connect(&imported(runtime.export_database_blocking().unwrap()));
            let (a, b) = (integer(&there, "select x from a"), integer(&there, "select x from b"));
            assert_eq!(a, b);
            assert!(a >= last, "{a} after {last}");
            last = a;
        }
        last
    });
    assert!(last > 0, "no export came between");
}

#[test]
fn a_database_that_was_never_written_to() {
    let runtime = runtime();
    let bytes = runtime.export_database_blocking().unwrap();
    assert_eq!(bytes.len(), 4096);
    assert_eq!(runtime.database_size(), 0, "an export writes nothing");
    let there = imported(bytes);
    let db = connect(&there);
    assert_eq!(integer(&db, "select count(*) from sqlite_schema"), 0);
    db.execute_batch("create table t (x)").unwrap();
    check_integrity(&db);
}

/// Everybody sees all of it or nothing: snapshots stay, statements are prepared anew.
#[test]
fn an_import_under_open_connections() {
    for mode in [JournalMode::Wal, JournalMode::Delete] {
        let runtime = runtime();
        let (reader, writer) = (connect_in(&runtime, mode), connect_in(&runtime, mode));
        writer
            .execute_batch("create table t (id integer primary key, text); insert into t values (1, 'old')")
            .unwrap();
        writer.execute_batch("create table gone (x)").unwrap();
        let mut count = reader.prepare("select count(*) from t").unwrap();
        let mut counted = || count.query_row([], |row| row.get::<_, i64>(0)).unwrap();
        assert_eq!(counted(), 1);
        let source = filled();
        let image = source.export_database_blocking().unwrap();
        if mode == JournalMode::Wal {
            reader.execute_batch("begin").unwrap();
            assert_eq!(counted(), 1);
        }
        runtime.import_database_blocking(image).unwrap();
        if mode == JournalMode::Wal {
            assert_eq!(counted(), 1, "a read transaction keeps its snapshot");
            assert_eq!(text(&reader, "select text from t"), "old");
            reader.execute_batch("commit").unwrap();
        }
        assert_eq!(counted(), 500, "{mode:?}");
        assert_eq!(text(&writer, CONTENT), text(&connect(&source), CONTENT), "{mode:?}");
        assert!(run(&writer, "select * from gone").is_err());
        for db in [&reader, &writer] {
            run(db, "insert into t (text) values ('new')").unwrap();
            check_integrity(db);
        }
        assert_eq!(counted(), 502);
        assert_eq!(text(&writer, "pragma journal_mode"), "wal", "{mode:?}");
        drop(count);
        drop((reader, writer));
        assert_eq!(integer(&connect(&runtime), "select count(*) from t"), 502);
    }
}

/// Imports, readers and writers at once: a reader never sees a mixture.
#[test]
fn imports_beside_readers_and_writers() {
    let runtime = runtime();
    let images: Vec<_> = (1..=4)
        .map(|n| {
            let source = self::runtime();
            let db = connect(&source);
            db.execute_batch(&format!(
                "create table t (id integer primary key, n, text);
                 insert into t (n, text) select {n}, zeroblob(3000) from
                 (with recursive c (i) as (select 1 union all select i + 1 from c where i < {n} * 100) select i from c)"
            ))
            .unwrap();
            source.export_database_blocking().unwrap()
        })
        .collect();
    runtime.import_database_blocking(images[0].clone()).unwrap();
    let done = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                let db = connect_patiently(&runtime, JournalMode::Wal);
                let mut seen = [0_u32; 5];
                while !done.load(std::sync::atomic::Ordering::SeqCst) {
                    let (least, most, count) = db
                        .query_row("select min(n), max(n), count(*) from t", [], |row| {
                            Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?, row.get::<_, i64>(2)?))
                        })
                        .unwrap();
                    assert_eq!((least, count), (most, most * 100));
                    seen[most as usize] += 1;
                }
                assert!(seen.iter().filter(|times| **times > 0).count() > 1, "{seen:?}");
            });
        }
        scope.spawn(|| {
            let db = connect_patiently(&runtime, JournalMode::Wal);
            while !done.load(std::sync::atomic::Ordering::SeqCst) {
                db.execute_batch("update t set text = zeroblob(2900) where id = 5").unwrap();
            }
        });
        let _end = End(&done);
        for round in 0..60 {
            runtime.import_database_blocking(images[round % 4].clone()).unwrap();
        }
    });
    let db = connect(&runtime);
    assert_eq!(integer(&db, "select count(*) from t"), 400);
    check_integrity(&db);
}

#[test]
fn another_page_size_or_encoding() {
    for (page_size, encoding) in [(512, "UTF-8"), (8192, "UTF-8"), (65_536, "UTF-16le"), (4096, "UTF-16be")] {
        let image = image(page_size, encoding);
        for mode in [JournalMode::Wal, JournalMode::Delete] {
            let runtime = runtime();
            let db = connect_in(&runtime, mode);
            db.execute_batch("create table t (x); insert into t values (1)").unwrap();
            let refused = runtime.import_database_blocking(image.clone());
            assert_eq!(own_code(refused), Code::RuntimeInUse, "{page_size} {encoding} {mode:?}");
            run(&db, "insert into t values (2)").unwrap();
            assert_eq!(integer(&db, "select sum(x) from t"), 3);
            drop(db);
            runtime.import_database_blocking(image.clone()).unwrap();
            let kept = text(&connect_in(&runtime, JournalMode::Keep), "pragma journal_mode");
            assert_eq!(Some(kept.as_str()), mode.name());
            let db = connect(&runtime);
            assert_eq!(integer(&db, "pragma page_size"), page_size.into());
            assert_eq!(text(&db, "pragma encoding"), encoding);
            assert_eq!(integer(&db, "select count(*) from t"), 500);
            assert_eq!(text(&db, "pragma journal_mode"), "wal");
            run(&db, ROWS).unwrap();
            check_integrity(&db);
        }
    }
}

/// What is not a sound database is refused, and nothing changes.
#[test]
fn images_that_are_none() {
    let good = filled().export_database_blocking().unwrap();
    let mut half_zero = good.clone();
    let length = half_zero.len();
    half_zero[length / 2..].fill(0);
    let mut no_schema = good.clone();
    no_schema[100] = 0x77;
    let wal = |page_size: u32| {
        let mut wal = vec![0; 32 + 24 + 4096];
        wal[..4].copy_from_slice(&0x377f_0682_u32.to_be_bytes());
        wal[8..12].copy_from_slice(&page_size.to_be_bytes());
        wal
    };
    let bad: Vec<(&str, Image)> = vec![
        ("nothing", Vec::new().into()),
        ("text", b"hello, world".to_vec().into()),
        ("zeros", vec![0; 8192].into()),
        ("a header alone", good[..100].to_vec().into()),
        ("a header that lies", [&good[..100], &[0xff; 5000][..]].concat().into()),
        ("the first half", good[..length / 2].to_vec().into()),
        ("half of it zeros", half_zero.into()),
        ("a schema that is none", no_schema.into()),
        ("a log of other pages", Image { database: good.clone(), wal: wal(1024) }),
    ];
    for attached in [true, false] {
        let runtime = filled();
        let db = attached.then(|| connect(&runtime));
        for (what, image) in &bad {
            let refused = runtime.import_database_blocking(image.clone());
            assert_eq!(own_code(refused), Code::InvalidImage, "{what}");
        }
        let db = db.unwrap_or_else(|| connect(&runtime));
        assert_eq!(integer(&db, "select count(*) from t"), 500);
        run(&db, ROWS).unwrap();
        check_integrity(&db);
        assert_eq!(runtime.connections(), 1);
    }
    // A log that does not belong to the database is none to SQLite.
    let same_pages = Image { database: good.clone(), wal: wal(4096) };
    assert_eq!(integer(&connect(&imported(same_pages)), "select count(*) from t"), 500);
    let noise = Image { database: good, wal: vec![0xa5; 100_000] };
    assert_eq!(integer(&connect(&imported(noise)), "select count(*) from t"), 500);
}

/// A collation of its application is nothing that makes an image unsound.
#[test]
fn what_only_its_application_knows() {
    let source = filled();
    let db = connect(&source);
    unsafe extern "C" fn longest_first(
        _: *mut c_void,
        a: c_int,
        _: *const c_void,
        b: c_int,
        _: *const c_void,
    ) -> c_int {
        b - a
    }
    // SAFETY: the connection is open, and the function has no data of its own.
    unsafe {
        let (name, data) = (c"backwards".as_ptr(), std::ptr::null_mut());
        ffi::sqlite3_create_collation_v2(
            db.handle(),
            name,
            ffi::SQLITE_UTF8,
            data,
            Some(longest_first),
            None,
        );
    }
    db.execute_batch("create index backwards on t (text collate backwards)").unwrap();
    let there = imported(source.export_database_blocking().unwrap());
    assert_eq!(integer(&connect(&there), "select count(*) from t"), 500);
}

#[test]
fn an_image_larger_than_the_database_can_be() {
    let mut options = RuntimeOptions::default();
    options.initial_database_capacity = 65_536;
    options.max_database_capacity = 65_536;
    let runtime = Runtime::create(&options).unwrap();
    let db = connect(&runtime);
    db.execute_batch("create table t (x); insert into t values (1)").unwrap();
    let image = filled().export_database_blocking().unwrap();
    assert!(image.len() > 65_536);
    assert_eq!(own_code(runtime.import_database_blocking(image)), Code::ImageTooLarge);
    run(&db, "insert into t values (2)").unwrap();
    assert_eq!(integer(&db, "select sum(x) from t"), 3);
}

/// Small pages are more of them than the connection that imports was told of.
#[test]
fn as_many_pages_as_there_is_room_for() {
    let image = image(512, "UTF-8");
    let mut options = RuntimeOptions::default();
    options.initial_database_capacity = 65_536;
    options.max_database_capacity = image.len() as u64;
    let runtime = Runtime::create(&options).unwrap();
    connect(&runtime).execute_batch("create table t (x)").unwrap();
    runtime.import_database_blocking(image).unwrap();
    assert_eq!(integer(&connect(&runtime), "select count(*) from t"), 500);
}

/// Alone, an import needs no room in the log; with others it does.
#[test]
fn the_room_that_an_import_needs() {
    let image = filled().export_database_blocking().unwrap();
    let mut options = RuntimeOptions::default();
    options.initial_write_ahead_capacity = 65_536;
    options.max_write_ahead_capacity = 65_536;
    let runtime = Runtime::create(&options).unwrap();
    runtime.import_database_blocking(image.clone()).unwrap();
    let db = connect(&runtime);
    run(&db, "delete from t where id > 10").unwrap_or_else(|code| assert_eq!(code, ffi::SQLITE_FULL));
    let before = integer(&db, "select count(*) from t");
    let error = runtime.import_database_blocking(image.clone()).unwrap_err();
    let Error::Sqlite(error) = error else { panic!("{error}") };
    assert_eq!(extended_code(&error), ffi::SQLITE_FULL);
    assert!(error.to_string().contains("close the other connections"), "{error}");
    assert_eq!(integer(&db, "select count(*) from t"), before);
    run(&db, "insert into t (text) values ('small')").unwrap();
    check_integrity(&db);
    drop(db);
    runtime.import_database_blocking(image).unwrap();
    let db = connect(&runtime);
    assert_eq!(integer(&db, "select count(*) from t"), 500);
    assert_eq!(text(&db, "pragma journal_mode"), "wal");
    assert!(runtime.write_ahead_size() <= 65_536);
    check_integrity(&db);
}

#[test]
fn a_lock_in_the_way() {
    let runtime = filled();
    let image = runtime.export_database_blocking().unwrap();
    let db = connect(&runtime);
    let started = std::time::Instant::now();
    std::thread::scope(|scope| {
        db.execute_batch("begin immediate; insert into t (text) values ('first')").unwrap();
        let import = scope.spawn(|| runtime.import_database_blocking(image));
        std::thread::sleep(Duration::from_millis(200));
        assert!(!import.is_finished(), "it waits for the writer");
        db.execute_batch("commit").unwrap();
        import.join().unwrap().unwrap();
    });
    assert!(started.elapsed() < Duration::from_secs(4), "{:?}", started.elapsed());
    assert_eq!(integer(&db, "select count(*) from t where text = 'first'"), 0);
    check_integrity(&db);
}
