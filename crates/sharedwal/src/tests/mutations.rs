//! Each rule of the design, broken on purpose: something among the tests has to notice.
//!
//! A mutation is switched on in a child process of this test binary, which runs the test that is
//! to fail of it. `docs/testing.md` has the table; a mutation that nothing can notice would have to
//! be listed there with the reason.

use std::io::Read;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock};
use std::time::{Duration, Instant};

use crate::injection::Mutation;

/// Each mutation, with the tests that fail of it, every one of them.
const CAUGHT_BY: &[(Mutation, &[&str])] = &[
    (Mutation::NoOddVersion, &["ordered_section::copies_are_whole_and_versions_rise"]),
    (
        Mutation::UnnamedPublisher,
        &["stalled_publisher::a_commit_that_could_not_be_published_is_published_later"],
    ),
    (Mutation::CopyNotRepeated, &["ordered_section::a_slow_copy_keeps_publishers_out"]),
    (
        Mutation::OwnPublishHidesOthers,
        &[
            "wal_index::an_own_publish_hides_no_other",
            "stress::cases::wal_that_is_checkpointed_all_the_time_in_two_steps",
        ],
    ),
    (
        Mutation::SameGeneration,
        &["coherence::a_log_that_begins_anew", "coherence::a_transaction_that_spilled_and_was_rolled_back"],
    ),
    (
        Mutation::AppendedNotSeen,
        &["first_look::a_sleep_refreshes_what_is_looked_at_next", "coherence::appended_frames"],
    ),
    (Mutation::EnteredWithSameGeneration, &["coherence::a_page_entered_with_the_words_that_it_had"]),
    (Mutation::AppendedWithoutSlot, &["coherence::appended_frames"]),
    (
        Mutation::NewPageNotCopied,
        &["wal_index::a_newly_mapped_page_is_copied", "coherence::a_log_that_fills_index_pages"],
    ),
    (
        Mutation::TruncatedUnpublished,
        &["truncated_log::who_goes_on_after_a_death_appends_to_no_log_without_a_beginning"],
    ),
    (Mutation::RecoveriesAlike, &["recovered_header::who_saw_an_empty_log_before_reads_the_database_anew"]),
    (Mutation::SharedBeforeOwed, &["stalled_publisher::what_a_closed_connection_owes_outlives_the_last_one"]),
    (Mutation::LeftAsAlive, &["stalled_publisher::a_commit_whose_writer_died_before_it_was_published"]),
    (
        Mutation::OwedWhileIdle,
        &["stalled_publisher::what_is_owed_is_settled_while_its_connection_runs_nothing"],
    ),
    (Mutation::ProofWrittenOver, &["dead_connections::a_slot_taken_away_while_opening"]),
    (Mutation::OwedKept, &["stalled_publisher::what_is_owed_is_settled_by_the_next_unlock"]),
    (
        Mutation::CheckpointNotRefused,
        &["checkpoint_start::a_checkpoint_that_cannot_tell_of_its_attempt_writes_nothing"],
    ),
    (
        Mutation::TriedCountsAsHeld,
        &["stalled_publisher::who_owes_and_only_tried_exclusive_has_no_header_recovered"],
    ),
    (Mutation::FreedBeforePublished, &["stress::cases::wal_that_is_checkpointed_all_the_time_in_two_steps"]),
    (
        Mutation::NoRefreshAfterLock,
        &["stress::cases::wal_that_is_checkpointed_all_the_time_in_two_steps", "coherence::random_scripts"],
    ),
    (
        Mutation::JudgedByLocksAfter,
        &["stress::cases::wal_that_is_checkpointed_all_the_time_in_two_steps", "coherence::random_scripts"],
    ),
    (
        Mutation::ExclusiveGivenUpUnpublished,
        &["exclusive_mode::what_was_done_is_published_before_the_lock_is_given_up"],
    ),
    (
        Mutation::WholeHeaderPublished,
        &[
            "wal_index::words_of_others_are_not_overwritten",
            "stress::cases::wal_that_is_checkpointed_all_the_time_in_two_steps",
        ],
    ),
    (Mutation::EqualHeaderSkipped, &["coherence::a_log_that_begins_anew"]),
    (Mutation::ExclusivePagesNotCompared, &["exclusive_mode::the_next_connection_sees_every_row"]),
    (
        Mutation::OnlyAppendedPublished,
        &[
            "coherence::a_savepoint_rolled_back_over_the_end_of_an_index_page",
            "stress::cases::deaths_in_wal_that_is_checkpointed_all_the_time_in_two_steps",
        ],
    ),
    (Mutation::LateFrames, &["stress::cases::wal_that_is_checkpointed_all_the_time"]),
    (
        Mutation::SizeBeforeBytes,
        &[
            "file_size::bytes_are_there_before_the_size_says_so",
            "deaths_in_the_middle::rollback::of_a_transaction_with_a_rollback_journal",
        ],
    ),
    (
        Mutation::TailBeforeUnits,
        &[
            "file_size::a_growing_file_never_looks_shorter_than_it_was",
            "deaths_in_the_middle::rollback::of_a_transaction_with_a_rollback_journal",
        ],
    ),
    (
        Mutation::EverybodyZeroes,
        &[
            "wal_index::only_the_first_to_attach_zeroes",
            "stress::cases::wal_that_is_checkpointed_all_the_time",
        ],
    ),
    (Mutation::LookedBeforeSection, &["wal_index::one_of_two_is_the_first"]),
    (
        Mutation::NobodyZeroes,
        &["wal_index::only_the_first_to_attach_zeroes", "deaths_in_the_middle::life::of_attaching"],
    ),
    (
        Mutation::RestartCompleted,
        &["wal_index::a_restart_is_not_completed_at_the_barrier", "stress::cases::deaths_in_wal_that_grows"],
    ),
    (Mutation::LocklessBarrierRefreshes, &["first_look::a_reader_does_not_touch_the_writers_lock"]),
    (Mutation::SleepDoesNotRefresh, &["first_look::a_sleep_refreshes_what_is_looked_at_next"]),
    (Mutation::ZeroedUnderOthers, &["dead_reader::committed_rows_stay"]),
    (
        Mutation::TornHeaderKept,
        &[
            "deaths_in_the_middle::wal::of_a_restart_of_the_log",
            "stress::cases::deaths_in_wal_that_is_checkpointed_all_the_time_in_two_steps",
        ],
    ),
    (Mutation::VersionLeftOdd, &["stress::cases::deaths_in_wal_that_is_checkpointed_all_the_time"]),
    (
        Mutation::LocksBeforeSection,
        &["stress::cases::deaths_in_wal_that_is_checkpointed_all_the_time_in_two_steps"],
    ),
    (
        Mutation::PendingBeforeReserved,
        &["reaping_order::with_a_hot_journal", "stress::cases::deaths_with_a_journal_that_is_deleted"],
    ),
    (Mutation::OwedNotRecovered, &["stalled_publisher::a_commit_whose_writer_died_before_it_was_published"]),
    (Mutation::OwedNotRecovered, &["stalled_publisher::a_commit_whose_writer_died_before_it_was_published"]),
    (
        Mutation::CasesNotTakenOver,
        &["reaping_order::with_a_hot_journal", "stress::cases::deaths_of_one_that_is_alone"],
    ),
    (
        Mutation::CheckpointStartsUnpublished,
        &[
            "checkpoint_start::what_is_attempted_is_known_before_the_first_page_is_written",
            "deaths_in_the_middle::wal::of_a_checkpoint",
        ],
    ),
    (Mutation::EvictedGoesOn, &["model::fence::who_is_evicted_changes_nothing_any_more"]),
    (
        Mutation::EvictedInside,
        &["model::fence::who_is_evicted_changes_nothing_any_more", "eviction::asleep_in_a_change"],
    ),
    (Mutation::RefusedCommitDone, &["eviction::asleep_before_a_call"]),
    (Mutation::CommitNotTold, &["feed::statements::each_commit_tells_its_tables"]),
    (Mutation::DeathNotTold, &["feed::deaths::of_a_commit", "model::feed::a_dead_writers_commit_is_told"]),
    (Mutation::RingNotClaimed, &["model::feed::a_reader_gets_whole_records_or_is_told"]),
    (Mutation::RecordAfterNumber, &["model::feed::a_reader_gets_whole_records_or_is_told"]),
    (Mutation::PendingCountsAsReserved, &["file_locks::only_a_writer_makes_a_journal_cold"]),
];

/// Mutations that no test can catch; `docs/testing.md` says why of each.
const UNCAUGHT: &[Mutation] = &[];

/// How long one test may take to fail, and for how long one is started again that may pass by chance.
const BOUND: Duration = Duration::from_secs(30);

/// What became of a test in a child process.
enum Outcome {
    Failed,
    Passed,
    Hung,
}

fn run(mutation: Mutation, test: &str) -> Outcome {
    let program = std::env::current_exe().unwrap();
    let name = format!("{}::{test}", module_path!().rsplit_once("::").unwrap().0);
    let mut child = Command::new(program)
        .args([name.split_once("::").unwrap().1, "--exact"])
        .env(NAME, format!("{mutation:?}"))
        .env("SHAREDWAL_STRESS_SECONDS", "10")
        .env("RUST_BACKTRACE", "0")
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let start = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        if start.elapsed() > BOUND {
            let _ = child.kill();
            let _ = child.wait();
            return Outcome::Hung;
        }
        std::thread::sleep(Duration::from_millis(5));
    };
    let mut output = String::new();
    child.stdout.take().unwrap().read_to_string(&mut output).unwrap();
    assert!(output.contains("running 1 test"), "there is no test {name}: {output}");
    if status.success() { Outcome::Passed } else { Outcome::Failed }
}

/// Runs the test until it fails; says how long that took.
fn is_caught(mutation: Mutation, test: &str) -> Result<Duration, String> {
    let start = Instant::now();
    loop {
        match run(mutation, test) {
            Outcome::Failed => return Ok(start.elapsed()),
            Outcome::Hung => return Err(format!("{mutation:?}: {test} hangs")),
            Outcome::Passed if start.elapsed() > BOUND => break,
            Outcome::Passed => {}
        }
    }
    Err(format!("{mutation:?}: {test} passes"))
}

/// The table of `docs/testing.md` has every mutation, and says why where nothing can catch one.
#[test]
fn the_documentation_lists_them() {
    let text =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/testing.md")).unwrap();
    for (mutation, tests) in CAUGHT_BY {
        let row = text.lines().find(|line| line.contains(&format!("`{mutation:?}`")));
        let row = row.unwrap_or_else(|| panic!("docs/testing.md has no row for {mutation:?}"));
        assert_eq!(row.contains("cannot be caught"), UNCAUGHT.contains(mutation), "{row}");
        for test in *tests {
            assert!(row.contains(&format!("`{test}`")), "{test} is missing in: {row}");
        }
    }
}

/// Without `SHAREDWAL_STRESS_SECONDS` the first test of each mutation has to fail, with it all.
#[test]
fn every_mutation_is_caught() {
    if any() {
        return;
    }
    let _guard = super::one_at_a_time();
    let all = std::env::var_os("SHAREDWAL_STRESS_SECONDS").is_some();
    let jobs: Vec<_> = CAUGHT_BY
        .iter()
        .filter(|(mutation, _)| !UNCAUGHT.contains(mutation))
        .flat_map(|(mutation, tests)| {
            assert!(!tests.is_empty(), "{mutation:?} has no test");
            tests.iter().take(if all { usize::MAX } else { 1 }).map(|test| (*mutation, *test))
        })
        .collect();
    let next = AtomicUsize::new(0);
    let failures = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while let Some((mutation, test)) = jobs.get(next.fetch_add(1, Ordering::SeqCst)) {
                    match is_caught(*mutation, test) {
                        Ok(time) => println!("{mutation:?}: {test} fails after {:.1} s", time.as_secs_f64()),
                        Err(failure) => failures.lock().unwrap().push(failure),
                    }
                }
            });
        }
    });
    let failures = failures.into_inner().unwrap();
    assert!(failures.is_empty(), "not caught:\n{}", failures.join("\n"));
}

const NAME: &str = "SHAREDWAL_MUTATION";

/// The mutation that this process runs with.
fn current() -> Option<Mutation> {
    static CURRENT: OnceLock<Option<Mutation>> = OnceLock::new();
    *CURRENT.get_or_init(|| {
        let name = std::env::var(NAME).ok()?;
        let known = CAUGHT_BY.iter().map(|(mutation, _)| *mutation);
        let mutation = known.into_iter().find(|mutation| format!("{mutation:?}") == name);
        fail_fast();
        Some(mutation.expect("the name of a mutation"))
    })
}

/// Whether this process runs with the rule broken.
pub fn is_on(mutation: Mutation) -> bool {
    current() == Some(mutation)
}

/// Whether this process runs with any rule broken.
pub fn any() -> bool {
    current().is_some()
}

/// From now on a dead thread's failures are not shown, and with a rule broken the first failure of
/// a living one ends the process: it is what was looked for, and the other threads may hang.
pub fn fail_fast() {
    static ONCE: OnceLock<()> = OnceLock::new();
    ONCE.get_or_init(|| {
        let show = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |failure| {
            if !super::mortal::is_dead() {
                show(failure);
                if any() {
                    std::process::exit(101);
                }
            }
        }));
    });
}
