//! Threads that die: from some moment on, no change of shared memory that the thread makes takes
//! place any more, and every wait of its ends. What it returns or asserts then is of no meaning.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::injection::Point;
use crate::ordered_section::TEST_PATIENCE;

/// How a thread will die.
#[derive(Clone, Copy)]
enum Fate {
    Immortal,
    /// At this point, when it was passed so many times more.
    At(Point, u32),
    /// After so many more changes.
    After(u32),
    Dead,
}

thread_local! {
    static FATE: Cell<Fate> = const { Cell::new(Fate::Immortal) };
    static LAST: Cell<Option<Point>> = const { Cell::new(None) };
}

/// Deaths at each point, and in the last place those between any two changes.
static DEATHS: [AtomicU64; POINTS.len() + 1] = [const { AtomicU64::new(0) }; POINTS.len() + 1];

/// Every point, in the order of its declaration.
pub const POINTS: [Point; 31] = [
    Point::Open,
    Point::Close,
    Point::Delete,
    Point::Access,
    Point::FullPathname,
    Point::Read,
    Point::Write,
    Point::Truncate,
    Point::Sync,
    Point::FileSize,
    Point::Lock,
    Point::Unlock,
    Point::CheckReservedLock,
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
    Point::Zeroed,
    Point::LockOwned,
    Point::LockShared,
];

/// Lets this thread die after `changes` more changes of shared memory.
pub fn die_after(changes: u32) {
    LAST.set(None);
    FATE.set(Fate::After(changes));
}

/// Lets this thread die at the point, when it has passed it `times` times.
pub fn die_at(point: Point, times: u32) {
    FATE.set(Fate::At(point, times));
}

/// Makes this thread live for ever, also if it was dead.
pub fn revive() {
    FATE.set(Fate::Immortal);
    TEST_PATIENCE.set(None);
}

/// The last point that this thread passed before it died, if it did by [`die_after`].
pub fn last_point() -> Option<Point> {
    LAST.get()
}

/// Whether this thread is dead.
pub fn is_dead() -> bool {
    matches!(FATE.get(), Fate::Dead)
}

/// Runs what a thread does until it dies of it; a failure in life is a failure.
pub fn until_death(life: impl FnOnce()) {
    if let Err(failure) = catch_unwind(AssertUnwindSafe(life))
        && !is_dead()
    {
        resume_unwind(failure);
    }
}

/// Ends what [`until_death`] runs, if the thread is dead.
pub fn stop_if_dead() {
    if is_dead() {
        resume_unwind(Box::new("dead"));
    }
}

/// Deaths at the point since the process started.
pub fn deaths_at(point: Point) -> u64 {
    DEATHS[point as usize].load(Ordering::SeqCst)
}

fn die(place: usize) {
    FATE.set(Fate::Dead);
    TEST_PATIENCE.set(Some(Duration::ZERO));
    DEATHS[place].fetch_add(1, Ordering::SeqCst);
}

/// Asked at each point.
pub fn pass(point: Point) {
    match FATE.get() {
        Fate::At(here, 0) if here == point => die(point as usize),
        Fate::At(here, left) if here == point => FATE.set(Fate::At(here, left - 1)),
        Fate::After(_) => LAST.set(Some(point)),
        _ => {}
    }
}

/// Asked before each change of shared memory: whether it takes place.
pub fn lives() -> bool {
    match FATE.get() {
        Fate::Immortal | Fate::At(..) => true,
        Fate::Dead => false,
        Fate::After(0) => {
            die(POINTS.len());
            false
        }
        Fate::After(left) => {
            FATE.set(Fate::After(left - 1));
            true
        }
    }
}
