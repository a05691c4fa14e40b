//! The cases of the stress: journal modes, autocheckpoints, with and without the early completion
//! of a commit's header, one connection a worker and two, with and without deaths.

use super::{Case, Deaths, run};
use crate::JournalMode;
use crate::injection::Point;

const WAL: Case = Case {
    mode: JournalMode::Wal,
    threads: 4,
    connections: 1,
    page_size: 1024,
    autocheckpoint: 1000,
    least_log: 0,
    early_completion: true,
    deaths: Deaths::None,
};

const ROLLBACK: Case =
    Case { mode: JournalMode::Delete, threads: 3, page_size: 512, autocheckpoint: 0, ..WAL };

/// Where a connection can die in WAL mode.
const WAL_POINTS: Deaths = Deaths::At(&[
    Point::Open,
    Point::Close,
    Point::Access,
    Point::FullPathname,
    Point::Read,
    Point::Write,
    Point::Truncate,
    Point::Sync,
    Point::FileSize,
    Point::Lock,
    Point::Unlock,
    Point::FileControl,
    Point::ShmMap,
    Point::ShmLock,
    Point::ShmUnlock,
    Point::ShmBarrier,
    Point::ShmUnmap,
    Point::Sleep,
    Point::HalfCopied,
    Point::SizeNotStored,
    Point::HalfOfSize,
    Point::PublisherNamed,
    Point::VersionOdd,
    Point::BetweenWords,
    Point::WordsStored,
    Point::VersionEven,
    Point::LockOwned,
    Point::LockShared,
]);

/// Where one can sleep until others take it for dead: between its calls, and in the middle of them.
const WAL_SLEEPS: Deaths = Deaths::Seeming(&[
    Point::Close,
    Point::Read,
    Point::Write,
    Point::Sync,
    Point::FileControl,
    Point::ShmLock,
    Point::ShmLock,
    Point::ShmUnlock,
    Point::ShmUnlock,
    Point::ShmBarrier,
    Point::ShmBarrier,
    Point::Sleep,
    Point::HalfCopied,
    Point::PublisherNamed,
    Point::WordsStored,
    Point::LockOwned,
]);

/// The same with a rollback journal.
const ROLLBACK_SLEEPS: Deaths = Deaths::Seeming(&[
    Point::Close,
    Point::Delete,
    Point::Read,
    Point::Write,
    Point::Truncate,
    Point::Sync,
    Point::Lock,
    Point::Unlock,
    Point::CheckReservedLock,
    Point::FileControl,
    Point::HalfCopied,
    Point::LockOwned,
]);

/// Where one can die that has the database for itself, besides.
const LONELY_POINTS: Deaths = Deaths::At(&[
    Point::Open,
    Point::Close,
    Point::Delete,
    Point::ShmMap,
    Point::ShmUnmap,
    Point::Zeroed,
    Point::BetweenWords,
    Point::Write,
    Point::HalfCopied,
]);

/// Where one can die with a rollback journal.
const ROLLBACK_POINTS: Deaths = Deaths::At(&[
    Point::Open,
    Point::Close,
    Point::Access,
    Point::FullPathname,
    Point::Read,
    Point::Write,
    Point::Sync,
    Point::FileSize,
    Point::Lock,
    Point::Unlock,
    Point::CheckReservedLock,
    Point::FileControl,
    Point::Sleep,
    Point::HalfCopied,
    Point::SizeNotStored,
    Point::HalfOfSize,
    Point::LockOwned,
    Point::LockShared,
]);

/// A test a case, named like it.
macro_rules! cases {
    ($($name:ident: $case:expr;)*) => {
        $(#[test]
        fn $name() {
            run(stringify!($name), $case);
        })*
    };
}

/// Past the 4,062 frames that the first page of the wal-index has room for.
const LONG: u64 = 4_500;

cases! {
    wal_that_is_checkpointed_all_the_time: Case { page_size: 512, autocheckpoint: 40, ..WAL };
    wal_that_is_checkpointed_all_the_time_in_two_steps:
        Case { page_size: 512, autocheckpoint: 40, early_completion: false, ..WAL };
    wal_that_is_checkpointed_at_times: WAL;
    wal_that_is_checkpointed_at_times_in_two_steps: Case { early_completion: false, ..WAL };
    wal_that_grows: Case { autocheckpoint: 0, ..WAL };
    wal_that_grows_in_two_steps: Case { autocheckpoint: 0, early_completion: false, ..WAL };
    wal_of_two_index_pages: Case { page_size: 512, autocheckpoint: 0, least_log: LONG, ..WAL };
    two_workers_in_wal: Case { threads: 2, page_size: 4096, autocheckpoint: 100, ..WAL };
    two_connections_a_worker_in_wal: Case { threads: 3, connections: 2, autocheckpoint: 100, ..WAL };
    two_connections_a_worker_in_wal_in_two_steps:
        Case { threads: 2, connections: 2, autocheckpoint: 0, early_completion: false, ..WAL };
    alone_in_wal: Case { threads: 1, autocheckpoint: 40, ..WAL };
    rollback_journal_that_is_deleted: ROLLBACK;
    rollback_journal_that_is_truncated: Case { mode: JournalMode::Truncate, ..ROLLBACK };
    rollback_journal_that_persists: Case { mode: JournalMode::Persist, ..ROLLBACK };
    two_connections_a_worker_with_a_rollback_journal: Case { threads: 2, connections: 2, ..ROLLBACK };

    deaths_in_wal_that_is_checkpointed_all_the_time:
        Case { threads: 3, page_size: 512, autocheckpoint: 40, deaths: WAL_POINTS, ..WAL };
    deaths_in_wal_that_is_checkpointed_all_the_time_in_two_steps: Case {
        threads: 3,
        page_size: 512,
        autocheckpoint: 40,
        early_completion: false,
        deaths: WAL_POINTS,
        ..WAL
    };
    deaths_in_wal_that_grows: Case { threads: 3, page_size: 512, autocheckpoint: 0, deaths: WAL_POINTS, ..WAL };
    deaths_in_wal_that_grows_in_two_steps: Case {
        threads: 3,
        page_size: 512,
        autocheckpoint: 0,
        early_completion: false,
        deaths: WAL_POINTS,
        ..WAL
    };
    deaths_in_wal_of_two_index_pages: Case {
        threads: 3,
        page_size: 512,
        autocheckpoint: 0,
        least_log: LONG,
        early_completion: false,
        deaths: WAL_POINTS,
        ..WAL
    };
    deaths_of_workers_with_two_connections:
        Case { threads: 3, connections: 2, page_size: 512, autocheckpoint: 100, deaths: WAL_POINTS, ..WAL };
    deaths_of_one_that_is_alone: Case { threads: 1, page_size: 512, deaths: LONELY_POINTS, ..WAL };
    deaths_with_a_journal_that_is_deleted: Case { deaths: ROLLBACK_POINTS, ..ROLLBACK };
    deaths_with_a_journal_that_is_truncated:
        Case { mode: JournalMode::Truncate, deaths: ROLLBACK_POINTS, ..ROLLBACK };
    evictions_in_wal_that_is_checkpointed_all_the_time:
        Case { page_size: 512, autocheckpoint: 40, deaths: WAL_SLEEPS, ..WAL };
    evictions_in_wal_that_grows_in_two_steps:
        Case { page_size: 512, autocheckpoint: 0, early_completion: false, deaths: WAL_SLEEPS, ..WAL };
    evictions_with_a_journal_that_is_deleted: Case { deaths: ROLLBACK_SLEEPS, ..ROLLBACK };
    evictions_with_a_journal_that_persists:
        Case { mode: JournalMode::Persist, deaths: ROLLBACK_SLEEPS, ..ROLLBACK };
    deaths_with_a_journal_that_persists:
        Case { mode: JournalMode::Persist, deaths: ROLLBACK_POINTS, ..ROLLBACK };
}
