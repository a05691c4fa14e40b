//! The wal-index as this VFS leaves it is the one that SQLite's own recovery builds from the same
//! log: byte for byte in the header, and by the result of every look-up in the hash tables.
//!
//! Random workloads over several connections run for a while and stop, some of them inside a
//! transaction. The shared words are then compared with what SQLite on the system's own VFS recovers
//! from copies of the database and the log. What recovery sets otherwise, and why (functions of
//! wal.c, SQLite 3.54.1):
//!
//! - `iChange`: `walIndexRecover()` begins with a header of zeros and counts no change; a writer
//!   counts one at each commit (`walFrames()`). The checksum of the header covers it. So the counter
//!   is set to zero here and the checksum computed anew, after it was found right. So is the word that SQLite
//!   leaves unused, which says here by which recovery a header was made.
//! - `nBackfill` is 0 after recovery, which does not know what was copied; `nBackfillAttempted` is
//!   `mxFrame`, the most that can have been tried. Here they say what was done, within these bounds.
//! - Read marks: recovery sets the first to `mxFrame` and the others to "not used". Here they are
//!   those of the readers, none beyond `mxFrame`, but for marks that nobody holds: a reader that
//!   sets one while the log begins anew (`walTryBeginRead()`) notices right after, and leaves it.
//! - Frames after the last commit: neither header tells of them, and no look-up may find them.
//! - A log that was started anew and has no commit yet: `walRestartHdr()` keeps the number of pages
//!   and the checksum of the last frame, which recovery finds nowhere. If nothing at all was written
//!   since, the file still has the old frames, all of them copied into the database. Only what the
//!   database says is compared then, and the header after the next commit.

mod recovered;
mod wal_index_image;
mod workload;

use std::time::{Duration, Instant};

use recovered::{Recovered, recover};
use wal_index_image::{NOT_USED, WalIndexImage, without_counters};
use workload::{Actor, Content, Habits};

use super::one_at_a_time;
use super::random::{Random, seed};
use crate::Runtime;
use crate::layout::{
    self, FileKind, HEADER, HEADER_WORDS, INDEX_PAGE_WORDS, INDEX_PAGES, SLOTS, connection_word, locks,
};

/// Whether any connection shares the lock.
fn is_held(runtime: &Runtime, lock: u32) -> bool {
    let words = runtime.inner().control();
    let shared = |slot| words.load(layout::connection(slot) + connection_word::SHARED);
    (0..SLOTS).any(|slot| shared(slot) & (1 << lock) != 0)
}

/// What the comparisons met, so that none of it can be missing unnoticed.
#[derive(Debug, Default)]
struct Met {
    /// Comparisons with commits in the log.
    logs: u32,
    /// The same with entries in a second and in a third page of the wal-index.
    second_page: u32,
    third_page: u32,
    /// Frames after the last commit, of an open transaction or one that was rolled back.
    uncommitted: u32,
    backfilled: u32,
    readers: u32,
    /// Logs without a commit.
    empty: u32,
    /// Frames found by look-ups.
    found: u64,
}

impl Met {
    fn compare(&mut self, runtime: &Runtime, reader: &Actor) {
        let inner = runtime.inner();
        let bytes = |kind| {
            let file = inner.file(kind);
            let mut bytes = vec![0; file.size() as usize];
            assert_eq!(file.read(0, &mut bytes), bytes.len());
            bytes
        };
        let (database, log) = (bytes(FileKind::Database), bytes(FileKind::WriteAhead));
        let mut words = vec![0; (inner.control().load(INDEX_PAGES) * INDEX_PAGE_WORDS) as usize];
        inner.index().copy_out(0, &mut words);
        inner.control().copy_out(HEADER, &mut words[..HEADER_WORDS as usize]);
        let here = WalIndexImage::new(words);
        let Recovered { index: there, content } = recover(&database, &log);
        assert_eq!(here.copy(0), here.copy(1), "both copies of the header");
        self.compare_information(runtime, &here, &there);
        if here.mx_frame() == 0 {
            self.empty += 1;
        } else {
            assert_eq!(without_counters(here.copy(0)), there.copy(0), "the header");
            self.compare_entries(&here, &there);
        }
        // Last, since a read may change the read marks.
        if reader.db.is_autocommit() {
            assert_eq!(Content::of(&reader.db), content);
        }
    }

    /// The checkpoint information.
    fn compare_information(&mut self, runtime: &Runtime, here: &WalIndexImage, there: &WalIndexImage) {
        let mx_frame = there.mx_frame();
        let first = if mx_frame == 0 { NOT_USED } else { mx_frame };
        assert_eq!(there.copy(0), there.copy(1));
        assert_eq!((there.backfill(), there.backfill_attempted()), (0, mx_frame));
        assert_eq!(there.read_marks(), [0, first, NOT_USED, NOT_USED, NOT_USED]);
        assert_eq!(here.untouched(), there.untouched());

        assert!(here.backfill() <= here.backfill_attempted() && here.backfill_attempted() <= here.mx_frame());
        let marks = here.read_marks();
        assert_eq!(marks[0], 0);
        // One that was set after the log began anew, by a reader that found out right after.
        let stale = |(n, mark): (u32, &u32)| *mark > here.mx_frame() && !is_held(runtime, locks::READ + n);
        let used = (0..).zip(&marks).filter(|(_, mark)| **mark != NOT_USED).filter(|mark| !stale(*mark));
        assert!(used.map(|(_, mark)| *mark).all(|mark| mark <= here.mx_frame()), "{marks:?}");
        self.backfilled += u32::from(here.backfill() > 0);
        self.readers += u32::from(marks[2..].iter().any(|mark| *mark != NOT_USED));
    }

    /// The page numbers of all committed frames, and every look-up.
    fn compare_entries(&mut self, here: &WalIndexImage, there: &WalIndexImage) {
        let last = here.mx_frame();
        for frame in 1..=last {
            assert_eq!(
                here.page_number(frame),
                there.page_number(frame),
                "the page in frame {frame} of {last}"
            );
        }
        // Readers of the last commit, of earlier ones, and such as need nothing that is copied.
        let ends = [last, last - last / 7, last / 2, last.min(4063), last.min(4062), last.min(8158), 1];
        for (first, end) in ends.map(|end| (1, end)).into_iter().chain([(here.backfill() + 1, last)]) {
            for page in 1..=here.database_pages() + 100 {
                let found = here.find(page, first..=end);
                assert_eq!(found, there.find(page, first..=end), "page {page} in frames {first} to {end}");
                self.found += u64::from(found.is_some());
            }
        }
        self.logs += 1;
        self.second_page += u32::from(last > 4062);
        self.third_page += u32::from(last > 4062 + 4096);
        self.uncommitted += u32::from(there.has_entry_after(last));
    }
}

/// How long to go on with other seeds.
fn long_run() -> Duration {
    let seconds = std::env::var("SHAREDWAL_STRESS_SECONDS").ok().map(|seconds| seconds.parse());
    seconds.map_or(Duration::ZERO, |seconds| {
        Duration::from_secs_f64(seconds.expect("SHAREDWAL_STRESS_SECONDS is a number"))
    })
}

/// The seeds of every run, this run's own, and more of them in a long run.
fn seeds() -> impl Iterator<Item = u64> {
    let started = Instant::now();
    let more = (1..).map(|n| seed().wrapping_add(n)).take_while(move |_| started.elapsed() < long_run());
    [1, 2, 3, seed()].into_iter().chain(more)
}

/// A busy log, one that grows, and one that lies between.
fn habits(seed: u64, busy_timeout: Duration) -> Habits {
    let (checkpoints, autocheckpoint) = [(4, 0), (40, 0), (15, 200)][(seed % 3) as usize];
    Habits { checkpoints, autocheckpoint, busy_timeout }
}

/// One thread, so that a seed replays every step; transactions are open at most comparisons.
#[test]
fn connections_that_take_turns() {
    let mut met = Met::default();
    for seed in seeds() {
        println!("seed {seed}");
        let habits = habits(seed, Duration::ZERO);
        let runtime = workload::create(if seed % 2 == 0 { 512 } else { 1024 });
        let actor = |number| Actor::new(&runtime, Random::of_seed(seed, number), habits);
        let mut actors: Vec<Actor> = (1..=5).map(actor).collect();
        let mut order = Random::of_seed(seed, 0);
        for _ in 0..25 {
            for _ in 0..60 {
                let number = order.below(actors.len() as u64) as usize;
                actors[number].step();
            }
            met.compare(&runtime, &actors[0]);
        }
        for actor in &mut actors {
            actor.finish();
        }
        actors[0].commit();
        met.compare(&runtime, &actors[0]);
    }
    println!("{met:?}");
    assert!(met.logs >= 60 && met.second_page >= 10 && met.third_page >= 5, "{met:?}");
    assert!(met.uncommitted >= 10 && met.backfilled >= 10 && met.readers >= 10 && met.empty >= 1, "{met:?}");
    assert!(met.found > 100_000, "{met:?}");
}

/// Threads, which publish and refresh at the same time; they stop for each comparison.
#[test]
fn connections_of_several_threads() {
    let _guard = one_at_a_time();
    let mut met = Met::default();
    for seed in seeds() {
        println!("seed {seed}");
        let habits = habits(seed, Duration::from_secs(1));
        let runtime = workload::create(if seed % 2 == 0 { 512 } else { 1024 });
        let actor = |number| Actor::new(&runtime, Random::of_seed(seed, number), habits);
        let mut actors: Vec<Actor> = (1..=4).map(actor).collect();
        for _ in 0..20 {
            std::thread::scope(|scope| {
                for actor in &mut actors {
                    scope.spawn(move || {
                        (0..40).for_each(|_| actor.step());
                        // What a thread holds no other can wait for.
                        actor.finish();
                    });
                }
            });
            if runtime.inner().control().load(HEADER + 4) == 0 {
                actors[0].commit();
            }
            met.compare(&runtime, &actors[0]);
        }
    }
    println!("{met:?}");
    assert!(met.logs >= 70 && met.second_page >= 8 && met.backfilled >= 2, "{met:?}");
    assert!(met.found > 50_000, "{met:?}");
}
