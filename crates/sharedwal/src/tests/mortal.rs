//! Threads that die: from some moment on, no change of shared memory that the thread makes takes
//! place any more, and every wait of its ends. What it returns or asserts then is of no meaning.
//!
//! And threads that only sleep for a while and go on, so that others take them for dead. They change
//! shared memory inside of a fence alone, and not at all after their eviction; whoever does is noted.

use std::backtrace::Backtrace;
use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use crate::fence;
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
    /// As the first ones, but the thread sleeps for this time.
    SleepAt(Point, u32, Duration),
    SleepAfter(u32, Duration),
    /// At the beginning of a call of SQLite's into the VFS, after so many others.
    SleepAtCall(u32),
    /// It has found out that it was evicted.
    Evicted,
}

type Visit = Box<dyn FnMut()>;

thread_local! {
    static FATE: Cell<Fate> = const { Cell::new(Fate::Immortal) };
    /// Whether each change is to be inside of a fence.
    static FENCED: Cell<bool> = const { Cell::new(false) };
    /// Where the thread says that it sleeps, and hears that it is to go on.
    static BED: RefCell<Option<(Sender<()>, Receiver<()>)>> = const { RefCell::new(None) };
    static VISIT: RefCell<Option<(Point, Visit)>> = const { RefCell::new(None) };
    static LAST: Cell<Option<Point>> = const { Cell::new(None) };
}

/// Changes outside of a fence, and sleeps, since the process started.
static TRESPASSES: AtomicU64 = AtomicU64::new(0);
static SLEEPS: AtomicU64 = AtomicU64::new(0);

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

/// Lets this thread sleep before it makes so many more changes of shared memory.
pub fn sleep_after(changes: u32, time: Duration) {
    FATE.set(Fate::SleepAfter(changes, time));
}

/// Lets this thread sleep at the point, when it has passed it `times` times.
pub fn sleep_at(point: Point, times: u32, time: Duration) {
    FATE.set(Fate::SleepAt(point, times, time));
}

/// Whether this thread is yet to sleep.
pub fn is_to_sleep() -> bool {
    matches!(FATE.get(), Fate::SleepAt(..) | Fate::SleepAfter(..) | Fate::SleepAtCall(_))
}

/// The other side of a thread that sleeps: it tells when, and is told to go on.
pub type Bedside = (Receiver<()>, Sender<()>);

/// Has this thread sleep until it is told to go on, and not for a time.
pub fn make_bed() -> Bedside {
    let ((asleep, is_asleep), (wake, awoken)) = (channel(), channel());
    BED.set(Some((asleep, awoken)));
    (is_asleep, wake)
}

/// Lets this thread sleep before its VFS call number `calls`, counted from 0.
pub fn sleep_at_call(calls: u32) {
    FATE.set(Fate::SleepAtCall(calls));
}

/// This thread's connection finds itself evicted.
pub fn evicted() {
    if !matches!(FATE.get(), Fate::Dead) {
        FATE.set(Fate::Evicted);
    }
}

/// Whether this thread's connection has found itself evicted.
pub fn is_evicted() -> bool {
    matches!(FATE.get(), Fate::Evicted)
}

/// Runs something all of whose changes are to be inside of a fence.
pub fn fenced<T>(f: impl FnOnce() -> T) -> T {
    with_fenced(true, f)
}

/// Runs a part of that which may be outside: a connection that is being opened has no fence yet.
pub fn unfenced<T>(f: impl FnOnce() -> T) -> T {
    with_fenced(false, f)
}

fn with_fenced<T>(fenced: bool, f: impl FnOnce() -> T) -> T {
    let before = FENCED.replace(fenced);
    let result = catch_unwind(AssertUnwindSafe(f));
    FENCED.set(before);
    result.unwrap_or_else(|failure| resume_unwind(failure))
}

/// Changes outside of a fence, of threads that ought to have been inside, since the process started.
pub fn trespasses() -> u64 {
    TRESPASSES.load(Ordering::SeqCst)
}

/// Threads that went to sleep, since the process started.
pub fn sleeps() -> u64 {
    SLEEPS.load(Ordering::SeqCst)
}

fn sleep(time: Duration) {
    FATE.set(Fate::Immortal);
    SLEEPS.fetch_add(1, Ordering::SeqCst);
    BED.with_borrow(|bed| match bed {
        None => std::thread::sleep(time),
        // Whoever does not tell has failed, and shows that by itself.
        Some((asleep, awoken)) => {
            let _ = asleep.send(());
            let _ = awoken.recv_timeout(Duration::from_secs(30));
        }
    });
}

/// Has this thread do something each time that it passes the point; `None` for nothing more.
pub fn visit_at(point: Point, visit: Option<Visit>) {
    VISIT.set(visit.map(|visit| (point, visit)));
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

/// Whether this thread is dead, or was taken for dead.
pub fn is_dead() -> bool {
    matches!(FATE.get(), Fate::Dead | Fate::Evicted)
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
    // Not there while it runs, so it may pass points itself.
    if let Some((here, mut visit)) = VISIT.take() {
        if here == point {
            visit();
        }
        VISIT.set(Some((here, visit)));
    }
    match FATE.get() {
        Fate::At(here, 0) if here == point => die(point as usize),
        Fate::At(here, left) if here == point => FATE.set(Fate::At(here, left - 1)),
        Fate::SleepAtCall(0) if is_call(point) => sleep(Duration::ZERO),
        Fate::SleepAtCall(left) if is_call(point) => FATE.set(Fate::SleepAtCall(left - 1)),
        Fate::SleepAt(here, 0, time) if here == point => sleep(time),
        Fate::SleepAt(here, left, time) if here == point => FATE.set(Fate::SleepAt(here, left - 1, time)),
        Fate::After(_) => LAST.set(Some(point)),
        _ => {}
    }
}

fn is_call(point: Point) -> bool {
    (point as usize) < Point::HalfCopied as usize
}

/// Asked before each change of shared memory: whether it takes place.
pub fn lives() -> bool {
    match FATE.get() {
        Fate::Immortal | Fate::At(..) | Fate::SleepAt(..) | Fate::SleepAtCall(_) => is_inside(),
        Fate::Dead => false,
        Fate::SleepAfter(0, time) => {
            sleep(time);
            is_inside()
        }
        Fate::SleepAfter(left, time) => {
            FATE.set(Fate::SleepAfter(left - 1, time));
            is_inside()
        }
        Fate::Evicted => trespass(),
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

/// Whether a change is inside of a fence, if it has to be. It takes place in any case: what comes of it
/// is to be seen too.
fn is_inside() -> bool {
    if FENCED.get() && !fence::TEST_INSIDE.get() {
        trespass();
    }
    true
}

fn trespass() -> bool {
    if TRESPASSES.fetch_add(1, Ordering::SeqCst) == 0 {
        eprintln!("a change outside of the fence:\n{}", Backtrace::force_capture());
    }
    true
}
