//! Writers side by side: each commit is told once, in the order in which they were made, when it can
//! be seen; and deaths in between leave no gap.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use super::*;
use crate::tests::mortal::{die_after, is_dead, revive, until_death};
use crate::tests::random::Random;
use crate::tests::{SetOnDrop, create_runtime, one_at_a_time, quick};

const WRITERS: usize = 3;

fn tables() -> String {
    let table = |n| format!("create table t{n} (id integer primary key, n);");
    let all: String = (0..WRITERS).map(table).collect();
    format!("{all} create table log (id integer primary key, writer, seen)")
}

/// Commits that a listener is told of, with what could be read right after.
struct Told {
    tables: Option<String>,
    /// Rows that the log had when this was told.
    visible: i64,
}

/// Reads on while `work` goes on, and after it.
fn follow(runtime: &Runtime, end: &AtomicBool) -> Vec<Told> {
    let mut listener = listen(runtime);
    let db = connect(runtime, JournalMode::Keep, Duration::from_secs(20));
    let mut rows = db.prepare("select coalesce(max(id), 0) from log").unwrap();
    let mut seen = Vec::new();
    loop {
        let ends = end.load(Ordering::SeqCst);
        while let Some(commit) = listener.next() {
            let visible = rows.query_row([], |row| row.get(0)).unwrap();
            let tables = matches!(commit.tables, Tables::Known(_)).then(|| names(&commit.tables));
            seen.push(Told { tables, visible });
        }
        if ends {
            return seen;
        }
        thread::yield_now();
    }
}

#[test]
fn every_commit_is_told_in_order() {
    for mode in [JournalMode::Wal, JournalMode::Delete] {
        let _guard = one_at_a_time();
        let runtime = create_runtime();
        Tracked::new(&runtime, mode).exec(&tables());
        let end = AtomicBool::new(false);
        let commits = if quick() { 300 } else { 1500 };
        let (ready, working) = (AtomicUsize::new(0), AtomicUsize::new(WRITERS));
        let told = thread::scope(|scope| {
            let _ends = SetOnDrop(&end);
            let follower = scope.spawn(|| {
                ready.fetch_add(1, Ordering::SeqCst);
                follow(&runtime, &end)
            });
            for writer in 0..WRITERS {
                let (runtime, ready, working) = (&runtime, &ready, &working);
                scope.spawn(move || {
                    let db = Tracked::new(runtime, JournalMode::Keep);
                    while ready.load(Ordering::SeqCst) == 0 {
                        thread::yield_now();
                    }
                    // The listener is there when this has committed.
                    thread::sleep(Duration::from_millis(20));
                    for n in 0..commits {
                        let log = format!("insert into log (writer) values ({writer})");
                        let change = format!("insert into t{writer} (n) values ({n})");
                        let sql = match n % 3 {
                            0 => format!("begin immediate; {log}; {change}; commit"),
                            1 => {
                                format!("begin immediate; {change}; rollback; begin immediate; {log}; commit")
                            }
                            _ => log,
                        };
                        db.exec(&sql);
                    }
                    working.fetch_sub(1, Ordering::SeqCst);
                });
            }
            while working.load(Ordering::SeqCst) > 0 && !follower.is_finished() {
                thread::sleep(Duration::from_millis(1));
            }
            end.store(true, Ordering::SeqCst);
            follower.join().unwrap()
        });
        let db = connect(&runtime, JournalMode::Keep, Duration::ZERO);
        let mut log = db.prepare("select writer from log order by id").unwrap();
        let log: Vec<i64> = log.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
        assert_eq!(log.len(), WRITERS * commits);
        // Of each writer every third commit changes its own table too.
        let mut counts = [0; WRITERS];
        let known: Vec<_> = told.iter().filter(|told| told.tables.is_some()).collect();
        for (n, (told, writer)) in known.iter().zip(&log).enumerate() {
            let count = &mut counts[*writer as usize];
            let expected = if *count % 3 == 0 { format!("log t{writer}") } else { "log".into() };
            assert_eq!(told.tables.as_deref(), Some(&*expected), "{mode:?}, commit {n}");
            assert!(told.visible > n as i64, "{mode:?}: commit {n} was told before it could be seen");
            *count += 1;
        }
        assert_eq!(known.len(), log.len(), "{mode:?}");
        // A listener is never more than a ring behind here, or else some would be missing.
        assert_eq!(told.len(), known.len(), "{mode:?}: {} unknown", told.len() - known.len());
    }
}

/// Writers die at any change of shared memory. Whatever was committed is told, by its own record or by
/// an unknown one that comes after it.
#[test]
fn nothing_is_left_out_after_deaths() {
    let _guard = one_at_a_time();
    let runtime = create_runtime();
    let setup = Tracked::new(&runtime, JournalMode::Wal);
    setup.exec(&tables());
    let mut random = Random::new(32);
    let mut listener = listen(&runtime);
    let mut known_rows = 0;
    let (mut deaths, mut unknown) = (0, 0);
    let rounds = if quick() { 300 } else { 2000 };
    for round in 0..rounds {
        let db = Tracked::new(&runtime, JournalMode::Keep);
        // SAFETY: the connection is open, and nothing else uses its database now.
        let (slot, generation) = unsafe { crate::vfs::database_of(db.handle()) }.unwrap().identity();
        die_after(random.below(120) as u32);
        until_death(|| {
            for _ in 0..3 {
                let _ = db.run("insert into log (writer) values (0)");
            }
        });
        let died = is_dead();
        die_after(0);
        drop(db);
        revive();
        if died {
            deaths += 1;
            super::deaths::bury(&runtime, slot, generation);
        }
        // What is told so far, then what can be seen: the second may not be more than the first says.
        let mut is_unknown = false;
        for commit in all(&mut listener) {
            match commit.tables {
                Tables::Known(_) => known_rows += 1,
                Tables::Unknown => is_unknown = true,
            }
        }
        let rows: i64 = setup.db.query_row("select count(*) from log", [], |row| row.get(0)).unwrap();
        // Looking may have recovered the log, and is told.
        is_unknown |= all(&mut listener).iter().any(|commit| commit.tables == Tables::Unknown);
        assert!(rows == known_rows || is_unknown, "round {round}: {rows} rows, told of {known_rows}");
        unknown += i64::from(is_unknown);
        known_rows = rows;
    }
    println!("{deaths} deaths, {unknown} unknown");
    assert!(deaths > rounds / 4 && unknown > 0, "{deaths} deaths, {unknown} unknown");
}
