//! Dead in the middle of what a connection does to the log and to the wal-index.

use super::*;
use crate::layout::{HEADER_SALTS, HEADER_WORDS, locks};
use crate::memory::Change;
use crate::ordered_section::{Section, patience};

const WAL: Work<'_> = Work {
    name: "",
    mode: JournalMode::Wal,
    next: &ALL,
    prepare: "select sum(x) from t",
    work: &|_, _| (),
    allowed: &[BEFORE],
    place: &|_| Vec::new(),
    least: &[],
};

/// Words of the wal-index header: the last frame, in the first of its two copies; how many frames are
/// copied into the database, and how many somebody has tried to copy.
const MX_FRAME: u32 = 4;
const COPY_WORDS: u32 = 12;
const BACKFILL: u32 = 24;
const BACKFILL_ATTEMPTED: u32 = 32;

fn small_pages() -> Runtime {
    let runtime = create(64 * KIB);
    fill(&runtime, JournalMode::Wal, 512);
    runtime
}

fn run(sql: &'static str) -> impl Fn(&Runtime, &mut Option<Connection>) {
    move |_, db| {
        let _ = db.as_ref().unwrap().execute_batch(sql);
    }
}

/// The places that hold.
fn at(places: &[(bool, &'static str)]) -> Vec<&'static str> {
    places.iter().filter(|(there, _)| *there).map(|(_, name)| *name).collect()
}

#[test]
fn of_a_file_write() {
    let place = |death: &Death<'_>| {
        at(&[
            (death.passed(Point::HalfCopied), "half of the bytes"),
            (death.passed(Point::SizeNotStored), "bytes past the size"),
            (death.passed(Point::HalfOfSize), "half of the size"),
        ])
    };
    Work {
        name: "a write into the log",
        work: &run(CHANGE),
        allowed: &[BEFORE, AFTER],
        place: &place,
        least: &[("half of the bytes", 20), ("bytes past the size", 20), ("half of the size", 20)],
        ..WAL
    }
    .sweep(&small_pages);
}

#[test]
fn of_a_publish() {
    let place = |death: &Death<'_>| {
        let steps = [
            (Point::PublisherNamed, "named"),
            (Point::VersionOdd, "odd"),
            (Point::BetweenWords, "between words"),
            (Point::WordsStored, "all words"),
            (Point::VersionEven, "even"),
        ];
        let here = |(point, name)| (death.publishes() && death.passed(point), name);
        at(&steps.map(here))
    };
    Work {
        name: "a publish",
        prepare: "begin immediate; update t set x = 1",
        work: &run("commit"),
        allowed: &[BEFORE, AFTER],
        place: &place,
        least: &[("named", 2), ("odd", 2), ("between words", 20), ("all words", 2), ("even", 2)],
        ..WAL
    }
    .sweep(&small_pages);
}

#[test]
fn of_taking_and_freeing_locks() {
    let place = |death: &Death<'_>| {
        let holds = (0..locks::COUNT).any(|lock| death.owns(lock)) || death.shares() != 0;
        at(&[
            (holds && (death.passed(Point::LockOwned) || death.passed(Point::LockShared)), "taking"),
            (holds && (death.passed(Point::ShmUnlock) || death.passed(Point::Unlock)), "freeing"),
            (death.owns(locks::WRITE), "the writer's lock"),
            (death.owns(locks::CHECKPOINT), "the checkpointer's lock"),
            (death.shares() & (0x1f << locks::READ) != 0, "a reader's lock"),
        ])
    };
    Work {
        name: "WAL locks",
        work: &run("begin; select sum(x) from t; commit; begin immediate; rollback;
                    pragma wal_checkpoint(restart)"),
        place: &place,
        least: &[
            ("taking", 8),
            ("freeing", 8),
            ("the writer's lock", 3),
            ("the checkpointer's lock", 3),
            ("a reader's lock", 10),
        ],
        ..WAL
    }
    .sweep(&small_pages);
}

#[test]
fn of_growing_a_segment() {
    let place = |death: &Death<'_>| {
        let grown = |file: usize, kind| {
            let size = death.runtime.inner().file(kind).size();
            reserved(death.runtime)[file] > death.reserved[file] && size <= death.reserved[file]
        };
        at(&[
            (grown(0, FileKind::Database), "the database has room that it does not use"),
            (grown(1, FileKind::WriteAhead), "the log has room that it does not use"),
            (reserved(death.runtime)[1] > 128 * KIB, "a second segment of the log"),
        ])
    };
    Work {
        name: "growing a segment",
        prepare: "begin immediate; insert into t values (10000, 0, zeroblob(100000))",
        work: &run(
            "insert into t values (10001, 0, zeroblob(20000)); commit; pragma wal_checkpoint(passive);
                    insert into t values (10002, 0, zeroblob(8000))",
        ),
        place: &place,
        least: &[
            ("the database has room that it does not use", 2),
            ("the log has room that it does not use", 2),
            ("a second segment of the log", 20),
        ],
        ..WAL
    }
    .sweep(&|| {
        let runtime = create(64 * KIB);
        fill(&runtime, JournalMode::Wal, 4096);
        runtime
    });
}

#[test]
fn of_a_checkpoint() {
    let place = |death: &Death<'_>| {
        let [done, tried] = [BACKFILL, BACKFILL_ATTEMPTED].map(|word| death.header(word));
        at(&[
            (death.owns(locks::CHECKPOINT), "the checkpointer's lock"),
            (tried > done, "more was tried than is done"),
            (tried > done && death.bytes(FileKind::Database) != death.database, "pages are overwritten"),
        ])
    };
    for mode in ["passive", "full", "restart"] {
        let sql = format!("pragma wal_checkpoint({mode})");
        Work {
            name: &sql,
            prepare: CHANGE,
            work: &|_, db| {
                let _ = db.as_ref().unwrap().query_row(&sql, [], |_| Ok(()));
            },
            allowed: &[AFTER],
            place: &place,
            least: &[
                ("the checkpointer's lock", 30),
                ("more was tried than is done", 20),
                ("pages are overwritten", 10),
            ],
            ..WAL
        }
        .sweep(&small_pages);
    }
}

/// The first commit after a checkpoint that copied everything begins the log anew.
#[test]
fn of_a_restart_of_the_log() {
    let place = |death: &Death<'_>| {
        let shared: Vec<u8> =
            (0..2).flat_map(|word| death.words().load(HEADER_SALTS + word).to_ne_bytes()).collect();
        let begun = death.bytes(FileKind::WriteAhead)[16..24] != shared;
        let torn = death.header(MX_FRAME) != death.header(COPY_WORDS + MX_FRAME);
        at(&[
            (begun && !torn, "one of file and wal-index knows of it"),
            (torn && death.owns(locks::WRITE), "one copy of the header knows of the first commit"),
        ])
    };
    for checkpoint in ["passive", "restart"] {
        Work {
            name: "a restart of the log",
            prepare: &format!("{CHANGE}; pragma wal_checkpoint({checkpoint})"),
            work: &run("update t set x = 2"),
            allowed: &[AFTER, 2 * AFTER],
            place: &place,
            least: &[
                ("one of file and wal-index knows of it", 3),
                ("one copy of the header knows of the first commit", 3),
            ],
            ..WAL
        }
        .sweep(&small_pages);
    }
}

/// Of the log, and of the database, which is shorter after a VACUUM.
#[test]
fn of_a_truncation() {
    let place = |death: &Death<'_>| {
        let log = death.runtime.write_ahead_size();
        let half = death.passed(Point::HalfOfSize);
        let frames = death.header(MX_FRAME);
        assert!(frames == 0 || log > 0, "the wal-index tells of {frames} frames of a log that is gone");
        at(&[
            (frames == 0 && log > 0, "the wal-index knows of it before the log"),
            (half && death.owns(locks::CHECKPOINT), "half of a size"),
        ])
    };
    Work {
        name: "truncation",
        prepare: "begin immediate; update t set x = 1, pad = ''; commit; vacuum",
        work: &run("pragma wal_checkpoint(truncate)"),
        allowed: &[AFTER],
        place: &place,
        least: &[("the wal-index knows of it before the log", 2), ("half of a size", 2)],
        ..WAL
    }
    .sweep(&small_pages);
}

/// Somebody died in a publish under WRITE, so the header is zero, and who reads next recovers it
/// from the log.
#[test]
fn of_recovery_itself() {
    let place = |death: &Death<'_>| {
        at(&[
            (death.owns(locks::RECOVER), "recovering"),
            (death.owns(locks::RECOVER) && death.publishes(), "publishing what was recovered"),
        ])
    };
    Work {
        name: "recovery",
        prepare: CHANGE,
        work: &|runtime, db| {
            // Done by one that lives, before the first change of the one that dies.
            let words = runtime.inner().control();
            let change = |at| Change { at, value: 0 };
            let zeros: Vec<Change> = (HEADER..HEADER + HEADER_WORDS).map(change).collect();
            std::thread::scope(|scope| {
                scope.spawn(|| {
                    let mut section = Section::enter(words.as_ref(), 63, patience()).unwrap();
                    section.open();
                    words.scatter(&zeros);
                });
            });
            let _ = sum(db.as_ref().unwrap());
        },
        allowed: &[AFTER],
        place: &place,
        least: &[("recovering", 30), ("publishing what was recovered", 20)],
        ..WAL
    }
    .sweep(&small_pages);
}
