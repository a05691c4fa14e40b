//! Dead in the middle of a transaction with a rollback journal, and of a change of the journal mode.

use super::*;
use crate::layout::locks;

const ROLLBACK: Work<'_> = Work {
    name: "",
    mode: JournalMode::Keep,
    next: &ALL,
    prepare: "select sum(x) from t",
    work: &|_, _| (),
    allowed: &[BEFORE],
    place: &|_| Vec::new(),
    least: &[],
};

/// A journal that is to be played back: it says how many pages it has.
fn is_hot(death: &Death<'_>) -> bool {
    let journal = death.bytes(FileKind::Journal);
    journal.get(..8) == Some(&[0xd9, 0xd5, 0x05, 0xf9, 0x20, 0xa1, 0x63, 0xd7])
}

#[test]
fn of_a_transaction_with_a_rollback_journal() {
    let place = |death: &Death<'_>| {
        let changed = death.bytes(FileKind::Database) != death.database;
        let mut places = Vec::new();
        if death.owns(locks::RESERVED) && !changed {
            places.push("nothing is written yet");
        }
        if is_hot(death) && changed {
            places.push("hot");
        }
        if !is_hot(death) && death.owns(locks::EXCLUSIVE) && changed {
            places.push("done, and the locks are held");
        }
        places
    };
    for mode in [JournalMode::Delete, JournalMode::Truncate, JournalMode::Persist] {
        Work {
            name: &format!("a transaction in mode {mode:?}"),
            mode,
            work: &|_, db| {
                let _ = db.as_ref().unwrap().execute_batch(CHANGE);
            },
            allowed: &[BEFORE, AFTER],
            place: &place,
            least: &[("nothing is written yet", 10), ("hot", 30), ("done, and the locks are held", 2)],
            ..ROLLBACK
        }
        .sweep(&|| {
            let runtime = create(64 * KIB);
            fill(&runtime, JournalMode::Delete, 512);
            runtime
        });
    }
}

/// The mode stands in the database's first page, which is written with a journal: a hot one is played
/// back by the next reader, and every connection finds its way in the mode that is there then.
#[test]
fn of_a_change_of_the_journal_mode() {
    let place = |death: &Death<'_>| {
        // File format versions for writing and reading: 1 with a journal, 2 with a log.
        let versions = |database: &[u8]| database.get(18..20).map(<[u8]>::to_vec);
        let changed = versions(&death.bytes(FileKind::Database)) != versions(death.database);
        let mut places = Vec::new();
        if is_hot(death) {
            places.push("hot");
        }
        if is_hot(death) && changed {
            places.push("hot, and the mode is written");
        }
        if !is_hot(death) && changed {
            places.push("changed");
        }
        places
    };
    // Out of WAL mode only goes who is alone.
    for (from, to, next) in [
        (JournalMode::Delete, "wal", &ALL[..]),
        (JournalMode::Persist, "wal", &ALL),
        (JournalMode::Wal, "delete", &NEWCOMERS),
        (JournalMode::Wal, "truncate", &NEWCOMERS),
        (JournalMode::Wal, "persist", &NEWCOMERS),
    ] {
        let sql = format!("pragma journal_mode = {to}");
        Work {
            name: &format!("{sql} from {from:?}"),
            mode: from,
            next,
            prepare: CHANGE,
            work: &|_, db| {
                let _ = db.as_ref().unwrap().query_row(&sql, [], |_| Ok(()));
            },
            allowed: &[AFTER],
            place: &place,
            least: &[("hot", 3), ("hot, and the mode is written", 1), ("changed", 1)],
        }
        .sweep(&|| {
            let runtime = create(64 * KIB);
            fill(&runtime, from, 512);
            runtime
        });
    }
}
