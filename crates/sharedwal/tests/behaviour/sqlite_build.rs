//! The same SQLite natively and in the browser: what this build says of itself stands in a file,
//! and the tests of the other build compare themselves with it.

use std::fs;
use std::path::Path;

use super::*;

#[path = "../shared/sqlite_build.rs"]
mod description;

#[test]
fn this_build_is_the_one_that_is_tested() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("sqlite-build.txt");
    let build = description::build(&connect(&runtime()));
    if std::env::var_os("UPDATE").is_some() {
        fs::write(&path, &build).unwrap();
    }
    let there = fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(build, there, "run this test with UPDATE=1 where the change is wanted");
}

/// What the library and its documentation promise of SQLite.
#[test]
fn features_that_are_promised() {
    let db = connect(&runtime());
    db.execute_batch("create virtual table f using fts5 (t); create virtual table r using rtree (id, a, b)")
        .unwrap();
    assert_eq!(integer(&db, "select json_extract('[1, 2]', '$[1]')"), 2);
    assert_eq!(integer(&db, "select cast(sqrt(49) as integer)"), 7);
    assert_eq!(integer(&db, "select count(*) > 0 from dbstat"), 1);
    assert!(run(&db, "select \"no such column\"").is_err(), "double quotes make no strings");
}
