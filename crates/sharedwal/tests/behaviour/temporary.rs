//! Files that only one connection has.

use super::*;

#[test]
fn temporary_tables_on_file() {
    for store in ["file", "memory"] {
        let runtime = runtime();
        let (a, b) = (connect(&runtime), connect(&runtime));
        for db in [&a, &b] {
            db.execute_batch(&format!("pragma temp_store = {store}; pragma cache_size = 20")).unwrap();
            db.execute_batch("create temp table s (x, text)").unwrap();
        }
        let fill = "with recursive c (i) as (select 1 union all select i + 1 from c where i < 5000)
                    insert into temp.s select i, printf('%.300c', 'x') from c";
        a.execute_batch(fill).unwrap();
        assert_eq!(integer(&a, "select count(*) from s"), 5000);
        assert_eq!(integer(&b, "select count(*) from s"), 0, "temporary tables are private");
        a.execute_batch(
            "begin; delete from s where x % 2; savepoint p; delete from s; rollback to p; commit",
        )
        .unwrap();
        assert_eq!(integer(&a, "select count(*) from s"), 2500);
        assert_eq!(runtime.connections(), 2);
    }
}

#[test]
fn sorting_and_large_statements_on_file() {
    let db = connect(&runtime());
    db.execute_batch("pragma temp_store = file; pragma cache_size = 20; pragma cache_spill = 20").unwrap();
    db.execute_batch(
        "create table t (id integer primary key, text unique);
         with recursive c (i) as (select 1 union all select i + 1 from c where i < 20000)
           insert into t select i, printf('%08x', (i * 7919) % 20011) || printf('%.100c', 'x') from c",
    )
    .unwrap();
    let sorted = "select count(*) from (select text, lag(text) over (order by text) as before from t) where before > text";
    assert_eq!(integer(&db, sorted), 0);
    db.execute_batch("create index i on t (substr(text, 3), id)").unwrap();
    // A statement journal: the statement fails at its last row and is undone as a whole.
    db.execute_batch("begin").unwrap();
    let failed = run(
        &db,
        "update t set text = case id when 20000 then (select text from t where id = 1) else 'y' || text end",
    );
    assert_eq!(failed, Err(ffi::SQLITE_CONSTRAINT_UNIQUE));
    assert_eq!(integer(&db, "select count(*) from t where text like 'y%'"), 0);
    db.execute_batch("commit").unwrap();
    check_integrity(&db);
}
