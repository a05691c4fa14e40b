//! A header that was recovered is another one than all before it. Else a connection that saw the same one
//! earlier, as recovery makes it of an empty log, would take the pages in its cache for those of today.

use super::last_close::{open, reaped_by_one_that_dies, rows};
use super::{create_runtime, mortal};

/// One connection saw an empty log; another one dies while it empties the log again, and a third recovers.
/// True if the second did all it had to.
fn after(changes: u32) -> bool {
    let runtime = create_runtime();
    let witness = open(&runtime);
    let tables = "select count(*) from sqlite_schema";
    assert_eq!(witness.query_row(tables, [], |row| row.get(0)), Ok(0));
    let victim = open(&runtime);
    let empty = "pragma wal_checkpoint(truncate)";
    victim.execute_batch(&format!("create table t (x); insert into t values (1); {empty}")).unwrap();

    mortal::die_after(changes);
    let _ = victim.query_row(empty, [], |_| Ok(()));
    let done = !mortal::is_dead();
    assert!(reaped_by_one_that_dies(&runtime, victim, u32::MAX).reaped);

    let next = open(&runtime);
    let place = format!("after {changes} changes");
    assert_eq!(rows(&next), 1, "{place}");
    assert_eq!(witness.query_row("select count(*) from t", [], |row| row.get(0)), Ok(1), "{place}");
    witness.execute_batch("create table u (x); insert into u values (2)").unwrap();
    assert_eq!(rows(&next), 1, "{place}");
    let integrity: String = next.query_row("pragma integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(integrity, "ok", "{place}");
    done
}

#[test]
fn who_saw_an_empty_log_before_reads_the_database_anew() {
    let changes = (0..).find(|changes| after(*changes)).unwrap();
    assert!(changes > 10, "{changes} changes");
}
