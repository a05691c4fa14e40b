//! Row ids of what was changed.

use super::*;
use crate::layout::feed::MAX_ROW_IDS;
use crate::tests::create_runtime;

const SCHEMA: &str = "
    create table a (id integer primary key, x unique);
    create table b (y);
    create table k (id integer primary key, v) without rowid;
    create virtual table words using fts5 (text);
    insert into a values (1, 10), (2, 20), (3, 30);
    insert into k values (1, 1); insert into words values ('x')";

fn only(listener: &mut Reader) -> BTreeMap<String, Option<Vec<i64>>> {
    let commits = all(listener);
    assert_eq!(commits.len(), 1, "{commits:?}");
    rows(&commits[0])
}

fn expected(tables: &[(&str, Option<&[i64]>)]) -> BTreeMap<String, Option<Vec<i64>>> {
    tables.iter().map(|(name, ids)| (name.to_string(), ids.map(<[i64]>::to_vec))).collect()
}

#[test]
fn of_each_kind_of_change() {
    let runtime = create_runtime();
    let db = Tracked::new(&runtime, JournalMode::Wal);
    db.exec(SCHEMA);
    // Compiled before anybody wanted to know, so that it deletes without a word.
    let (delete_all, _) = db.compile("delete from b");
    let mut listener = listen_to_rows(&runtime);
    for (sql, tables) in [
        ("insert into a values (4, 40), (5, 50)", expected(&[("a", Some(&[4, 5]))])),
        ("update a set x = x + 1 where id < 3", expected(&[("a", Some(&[1, 2]))])),
        ("update a set id = 9 where id = 5", expected(&[("a", Some(&[5, 9]))])),
        // Row 4 goes, since its x is another's.
        ("insert or replace into a values (6, 40)", expected(&[("a", Some(&[4, 6]))])),
        ("insert into b values (1), (2), (3)", expected(&[("b", Some(&[1, 2, 3]))])),
        ("insert into a (x) select y + 1000 from b", expected(&[("a", Some(&[10, 11, 12]))])),
        ("insert into b select y from b", expected(&[("b", Some(&[4, 5, 6]))])),
        ("insert into k values (2, 2)", expected(&[("k", None)])),
        ("insert into b (rowid, y) values (0, 1)", expected(&[("b", None)])),
        ("insert into b (rowid, y) values (-9223372036854775808, 1)", expected(&[("b", Some(&[i64::MIN]))])),
    ] {
        db.exec(sql);
        assert_eq!(only(&mut listener), tables, "{sql}");
    }
    db.exec("insert into words values ('y')");
    assert_eq!(only(&mut listener)["words"], None, "rows of a virtual table");
    db.exec("delete from b where rowid in (0, -9223372036854775808)");
    all(&mut listener);

    assert_eq!(db.step(delete_all), rusqlite::ffi::SQLITE_DONE);
    assert_eq!(only(&mut listener), expected(&[("b", Some(&[1, 2, 3, 4, 5, 6]))]));
    db.finalize(delete_all);
    db.exec("delete from a");
    assert_eq!(only(&mut listener), expected(&[("a", Some(&[1, 2, 3, 6, 9, 10, 11, 12]))]));
}

#[test]
fn a_listener_in_the_middle_of_a_transaction_gets_none_of_it() {
    let runtime = create_runtime();
    let db = Tracked::new(&runtime, JournalMode::Wal);
    db.exec(SCHEMA);
    db.exec("begin; delete from a");
    let mut listener = listen_to_rows(&runtime);
    db.exec("insert into a values (7, 7); insert into b values (8); commit");
    assert_eq!(only(&mut listener), expected(&[("a", None), ("b", None)]));
    db.exec("delete from a");
    assert_eq!(only(&mut listener), expected(&[("a", Some(&[7]))]));
}

#[test]
fn no_more_than_a_record_has() {
    let runtime = create_runtime();
    let db = Tracked::new(&runtime, JournalMode::Wal);
    db.exec(SCHEMA);
    let mut listener = listen_to_rows(&runtime);
    let count = i64::from(MAX_ROW_IDS);
    let insert = |n: i64| {
        format!(
            "with recursive n (i) as (select 1 union all select i + 1 from n where i < {n})
             insert into b select i from n"
        )
    };
    db.exec(&insert(count));
    let ids: Vec<i64> = (1..=count).collect();
    assert_eq!(only(&mut listener), expected(&[("b", Some(&ids))]));
    db.exec(&insert(count + 1));
    assert_eq!(only(&mut listener), expected(&[("b", None)]));
    db.exec("insert into b values (1)");
    assert_eq!(only(&mut listener), expected(&[("b", Some(&[2 * count + 2]))]));
}

/// Whoever only wants tables gets no rows.
#[test]
fn nobody_asked() {
    let runtime = create_runtime();
    let db = Tracked::new(&runtime, JournalMode::Wal);
    db.exec(SCHEMA);
    let mut listener = listen(&runtime);
    db.exec("insert into a values (4, 40)");
    assert_eq!(only(&mut listener), expected(&[("a", None)]));
}
