//! The tables that a statement changes, and those that it reads.

use rusqlite::ffi;

use super::*;
use crate::tests::create_runtime;

const SCHEMA: &str = "
    create table a (id integer primary key, x);
    create table b (id integer primary key, y);
    create table log (n);
    create table k (id text primary key) without rowid;
    create table child (id integer primary key, k references k on delete cascade on update set null);
    create view both as select * from a join b using (id);
    create trigger on_view instead of insert on both begin insert into log values (new.id); end;
    create table watched (id integer primary key);
    create trigger on_watched after delete on watched begin insert into log values (old.id); end;
    create table counted (id integer primary key autoincrement);
    create virtual table words using fts5 (text);
    create virtual table boxes using rtree (id, low, high);
    create virtual table outside using fts5 (x, content = a, content_rowid = id);
    create virtual table terms using fts5vocab (words, row);
    insert into a values (1, 1); insert into b values (1, 1); insert into k values ('k');
    insert into child values (1, 'k'); insert into watched values (1), (2), (3);
    insert into words values ('first'); insert into boxes values (1, 2, 3)";

/// What one connection does, statement by statement, and what is told of the commits of each.
const SCRIPT: &[(&str, &[&str])] = &[
    ("insert into a values (2, 2)", &["a"]),
    ("insert into a values (3, 3), (4, 4)", &["a"]),
    ("update a set x = 0 where id = 2", &["a"]),
    ("update a set x = 0 where id = 99", &[]),
    ("delete from a where id = 3", &["a"]),
    ("insert or replace into a values (2, 5)", &["a"]),
    ("insert or ignore into a values (2, 6)", &[]),
    ("insert into a values (2, 7) on conflict do update set x = 8", &["a"]),
    ("insert into a select id + 100, y from b", &["a"]),
    ("begin; insert into a values (5, 5); insert into b values (5, 5); commit", &["a b"]),
    ("begin immediate; insert into b values (6, 6); commit", &["b"]),
    ("begin exclusive; insert into b values (7, 7); commit", &["b"]),
    ("begin immediate; commit", &[]),
    ("begin; insert into a values (6, 6); rollback; insert into b values (8, 8)", &["b"]),
    ("savepoint s; insert into b values (9, 9); release s", &["b"]),
    // More than was changed is told, never less.
    (
        "begin; savepoint s; insert into a values (7, 7); rollback to s; insert into b values (10, 1); commit",
        &["a b"],
    ),
    ("insert into log values (1)", &["log"]),
    // Without a condition rows are not deleted one by one.
    ("delete from log", &["log"]),
    ("insert into k values ('other')", &["k"]),
    ("update k set id = 'another' where id = 'other'", &["child k"]),
    ("delete from k where id = 'k'", &["child k"]),
    ("insert into both values (11, 1, 1)", &["both log"]),
    ("delete from watched where id = 1", &["log watched"]),
    ("delete from watched", &["log watched"]),
    ("insert into counted default values", &["counted"]),
    ("insert into boxes values (2, 3, 4)", &["boxes"]),
    ("create temp table mine (x); insert into mine select x from a", &[]),
    ("create temp trigger spy after insert on b begin insert into log values (0); end", &[]),
    ("insert into b values (12, 1)", &["b log"]),
    ("drop trigger spy", &[]),
    ("create table fresh as select * from a", &["?"]),
    ("alter table fresh add column z", &["?"]),
    ("create index by_x on a (x)", &["?"]),
    ("begin; insert into a values (20, 1); create table other (x); commit", &["?"]),
    ("begin; create table another (x); insert into a values (21, 1); commit", &["?"]),
    ("drop table fresh", &["?"]),
    ("vacuum", &["?"]),
    ("analyze", &["?"]),
    ("pragma user_version = 7", &["?"]),
    ("pragma user_version", &[]),
    ("begin; insert into a values (22, 1); pragma user_version = 8; commit", &["?"]),
    ("begin; pragma user_version; insert into a values (23, 1); commit", &["a"]),
    ("select * from a; begin; select * from b; commit", &[]),
    // After each kind of end, the next transaction is told for itself.
    ("insert into a values (24, 1)", &["a"]),
];

fn filled(mode: JournalMode) -> (Runtime, Tracked) {
    let runtime = create_runtime();
    let db = Tracked::new(&runtime, mode);
    db.exec(SCHEMA);
    (runtime, db)
}

#[test]
fn each_commit_tells_its_tables() {
    for mode in [JournalMode::Wal, JournalMode::Delete, JournalMode::Truncate, JournalMode::Persist] {
        let (runtime, db) = filled(mode);
        let mut listener = listen(&runtime);
        for (sql, expected) in SCRIPT {
            // In rollback mode SQLite writes, and says that it committed, where nothing changed.
            let silent = mode != JournalMode::Wal && expected.is_empty();
            db.exec(sql);
            let told = told(&mut listener);
            assert!(told == *expected || silent, "{mode:?}: {sql}: {told:?} instead of {expected:?}");
        }
    }
}

#[test]
fn in_exclusive_mode_too() {
    let (runtime, db) = filled(JournalMode::Wal);
    let mut listener = listen(&runtime);
    db.exec("pragma locking_mode = exclusive; insert into a values (1000, 1)");
    assert_eq!(told(&mut listener), ["a"]);
    db.exec("insert into b values (1000, 1)");
    assert_eq!(told(&mut listener), ["b"]);
    db.exec("begin; insert into a values (1001, 1); rollback; insert into b values (1001, 1)");
    assert_eq!(told(&mut listener), ["b"]);
    db.exec("pragma locking_mode = normal; select * from a; insert into log values (1)");
    assert_eq!(told(&mut listener), ["log"]);
}

/// The first statement on a full-text index compiles SQLite's own statements about its other tables.
#[test]
fn a_full_text_index_tells_its_own_name() {
    let (runtime, db) = filled(JournalMode::Wal);
    let mut listener = listen(&runtime);
    for sql in [
        "insert into words values ('x')",
        "delete from words",
        "insert into words (words) values ('optimize')",
    ] {
        db.exec("insert into words values ('y')");
        db.exec(sql);
        for told in told(&mut listener) {
            assert!(told.split(' ').any(|name| name == "words"), "{sql}: {told}");
        }
    }
}

/// SQLite commits inside of the step that executes a statement, or in the one that ends it.
#[test]
fn a_statement_that_is_read_slowly() {
    let (runtime, db) = filled(JournalMode::Wal);
    let mut listener = listen(&runtime);
    let (slow, _) = db.compile("insert into a values (50, 1), (51, 1) returning id");
    assert_eq!(db.step(slow), ffi::SQLITE_ROW);
    // It commits with the slow one, which is still writing.
    db.exec("insert into b values (50, 1)");
    assert_eq!(told(&mut listener), [""; 0]);
    assert_eq!(db.step(slow), ffi::SQLITE_ROW);
    assert_eq!(db.step(slow), ffi::SQLITE_DONE);
    assert_eq!(told(&mut listener), ["a b"]);
    assert_eq!(db.step(slow) & 0xff, ffi::SQLITE_CONSTRAINT);
    db.finalize(slow);
    db.exec("insert into b values (51, 1)");
    assert_eq!(told(&mut listener), ["b"], "what failed is not told with what follows");
}

/// Another connection adds a trigger: SQLite compiles the statement anew while it is executed.
#[test]
fn a_statement_that_is_compiled_anew() {
    let (runtime, db) = filled(JournalMode::Wal);
    let other = Tracked::new(&runtime, JournalMode::Keep);
    let (insert, _) = db.compile("insert into a (x) values (1)");
    assert_eq!(db.step(insert), ffi::SQLITE_DONE);
    other.exec("create trigger on_a after insert on a begin insert into log values (new.id); end");
    let mut listener = listen(&runtime);
    for _ in 0..3 {
        // SAFETY: the statement is one of this connection.
        unsafe { ffi::sqlite3_reset(insert) };
        assert_eq!(db.step(insert), ffi::SQLITE_DONE);
        assert_eq!(told(&mut listener), ["a log"]);
    }
    db.finalize(insert);
}

/// Each of the databases of one connection has commits of its own.
#[test]
fn of_a_database_that_is_attached() {
    let (runtime, db) = filled(JournalMode::Wal);
    let (second, _other) = filled(JournalMode::Wal);
    let mut listeners = [listen(&runtime), listen(&second)];
    db.exec(&format!("attach '/{}/{}' as second", second.id(), second.name()));
    let mut both = || [told(&mut listeners[0]), told(&mut listeners[1])].map(|told| told.join(", "));
    db.exec("insert into second.a values (1000, 1)");
    assert_eq!(both(), ["", "a"]);
    db.exec("begin; insert into second.a values (1001, 1); insert into main.b values (1000, 1); commit");
    assert_eq!(both(), ["b", "a"]);
    db.exec("begin immediate; insert into second.log values (1); commit");
    assert_eq!(both(), ["", "log"]);
    db.exec("insert into second.log select x from main.a");
    assert_eq!(both(), ["", "log"]);
}

/// A listener that comes in the middle of a transaction is told of all of it.
#[test]
fn a_transaction_that_is_older_than_the_listener() {
    let (runtime, db) = filled(JournalMode::Wal);
    db.exec("begin; insert into a values (60, 1)");
    let mut listener = listen(&runtime);
    db.exec("insert into b values (60, 1); commit");
    assert_eq!(told(&mut listener), ["a b"]);
}

/// Whoever does not note what its statements change is told as unknown, and so are the statements of
/// another that were not noted.
#[test]
fn a_connection_that_notes_nothing() {
    let (runtime, db) = filled(JournalMode::Wal);
    let mut listener = listen(&runtime);
    let plain = connect(&runtime, JournalMode::Keep, Duration::ZERO);
    plain.execute("insert into a values (70, 1)", []).unwrap();
    assert_eq!(told(&mut listener), ["?"]);
    plain.execute("update a set x = 1 where id = 12345", []).unwrap();
    assert_eq!(told(&mut listener), [""; 0], "nothing was changed");
    db.exec("insert into a values (72, 1)");
    db.db.execute("insert into a values (73, 1)", []).unwrap();
    assert_eq!(told(&mut listener), ["a", "?"]);
}

#[test]
fn who_committed() {
    let (runtime, db) = filled(JournalMode::Wal);
    let mut listener = listen(&runtime);
    let other = Tracked::new(&runtime, JournalMode::Keep);
    db.exec("insert into a values (80, 1)");
    other.exec("insert into a values (81, 1)");
    let connections: Vec<_> = all(&mut listener).iter().map(|commit| commit.connection.unwrap()).collect();
    let ids: Vec<_> = runtime.diagnostics().connections.iter().map(|connection| connection.id).collect();
    assert_eq!(connections, ids);
}

#[test]
fn what_a_statement_reads_and_writes() {
    let (_runtime, db) = filled(JournalMode::Wal);
    let some = |names: &[&str]| Some(names.iter().map(|name| name.to_string()).collect::<Vec<_>>());
    let none = some(&[]);
    for (sql, reads, writes) in [
        ("select * from a", some(&["a"]), none.clone()),
        // A table of which no column is read is named as the statement names it.
        ("select count(*) from A", some(&["a"]), none.clone()),
        ("select * from both", some(&["a", "b", "both"]), none.clone()),
        ("select 1", none.clone(), none.clone()),
        (
            "with c (n) as (select 1 union all select n + 1 from c where n < 9) select count(*) from c",
            none.clone(),
            none.clone(),
        ),
        (
            "select id from a where id in (select y from b) or exists (select 1 from log)",
            some(&["a", "b", "log"]),
            none.clone(),
        ),
        ("select * from words where words match 'x'", some(&["words"]), none.clone()),
        ("select * from boxes", some(&["boxes"]), none.clone()),
        ("select value from a, json_each('[1]')", some(&["a", "json_each"]), none.clone()),
        ("select * from outside", None, none.clone()),
        ("select * from terms", None, none.clone()),
        ("select * from sqlite_sequence", None, none.clone()),
        ("select * from words_data", None, none.clone()),
        ("select * from dbstat", None, none.clone()),
        ("select name from sqlite_schema", none.clone(), none.clone()),
        ("insert into a select null, y from b", some(&["b"]), some(&["a"])),
        ("delete from k", some(&["child", "k"]), some(&["child", "k"])),
        ("create table more (x)", none.clone(), None),
    ] {
        let mut tables = db.tables(sql);
        for names in [&mut tables.reads, &mut tables.writes].into_iter().flatten() {
            names.sort_unstable();
        }
        let reads_enough = match (&tables.reads, &reads) {
            // Of a statement that writes, what it looks at besides does not matter.
            (Some(told), Some(reads)) if writes != none => reads.iter().all(|name| told.contains(name)),
            (told, reads) => told == reads,
        };
        assert!(reads_enough, "{sql}: reads {:?} instead of {reads:?}", tables.reads);
        assert_eq!(tables.writes, writes, "{sql} writes");
    }
}
