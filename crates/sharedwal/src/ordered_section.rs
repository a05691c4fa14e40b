//! The ordered section: publishes of one wal-index exclude each other and have a total order,
//! which readers follow by a version (a sequence lock whose writer is named).
//!
//! Entering takes the publisher word first and makes the version odd after that, never the other
//! way round: an odd version always has a name, so a death inside can be told and mended.

use std::time::Duration;

use crate::counters::count;
use crate::injection::{Mutation, Point};
use crate::layout::{EPOCH, PUBLISHER, RETRIES, VERSION};
use crate::memory::{Words, can_block, now};

/// A version of the wal-index: 64 bits, because 2^31 publishes come sooner than one thinks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[cfg_attr(test, derive(PartialOrd, Ord))]
pub struct Version(u64);

/// Others stood in the way for longer than the bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stalled;

/// How long to wait for a publisher, who normally needs a microsecond. One that was descheduled
/// comes back within milliseconds; one that died is found dead by others.
pub fn patience() -> Duration {
    #[cfg(test)]
    if let Some(patience) = TEST_PATIENCE.get() {
        return patience;
    }
    if can_block() { Duration::from_secs(10) } else { Duration::from_millis(100) }
}

#[cfg(test)]
thread_local! {
    /// Another patience for this thread.
    pub static TEST_PATIENCE: std::cell::Cell<Option<Duration>> = const { std::cell::Cell::new(None) };
    /// Other bounds for this thread.
    pub static TEST_BOUNDS: std::cell::Cell<Option<Bounds>> = const { std::cell::Cell::new(None) };
}

/// How often something is tried before something slower is done.
#[derive(Clone, Copy)]
pub struct Bounds {
    /// Looks before the first sleep.
    pub spins: u32,
    /// Copies before publishers are kept out.
    pub optimistic: u32,
}

fn bounds() -> Bounds {
    #[cfg(test)]
    if let Some(bounds) = TEST_BOUNDS.get() {
        return bounds;
    }
    Bounds { spins: 500, optimistic: 16 }
}

/// Waits until `done` answers, spinning first: the other side is a microsecond from done unless
/// the system has taken its core away.
fn wait_until<T>(
    words: &dyn Words,
    patience: Duration,
    mut done: impl FnMut() -> Option<T>,
) -> Result<T, Stalled> {
    for _ in 0..bounds().spins {
        if let Some(value) = done() {
            return Ok(value);
        }
        std::hint::spin_loop();
    }
    let start = now();
    loop {
        if let Some(value) = done() {
            return Ok(value);
        }
        #[cfg(test)]
        let patience = patience.min(TEST_PATIENCE.get().unwrap_or(patience));
        if now().saturating_sub(start) >= patience {
            return Err(Stalled);
        }
        let publisher = words.load(PUBLISHER);
        if publisher != 0 {
            words.wait(PUBLISHER, publisher, Duration::from_micros(200));
        }
    }
}

/// The version now, with one call; odd while somebody publishes.
pub fn peek(words: &dyn Words) -> Version {
    // The lower half first: the upper one has already moved when the lower one comes round.
    Version(words.load_pair(VERSION, 1 << 32))
}

/// Whether the version is this one now, with one call.
pub fn is(words: &dyn Words, version: Version) -> bool {
    words.is_pair(VERSION, version.0)
}

/// Runs `copy` until it ran without a publish in between; returns the version that it copied.
/// `copy` may see torn words in runs that do not count.
pub fn read(
    words: &dyn Words,
    slot: u32,
    patience: Duration,
    mut copy: impl FnMut(),
) -> Result<Version, Stalled> {
    for _ in 0..bounds().optimistic {
        let before = wait_until(words, patience, || Some(peek(words)).filter(|version| version.0 & 1 == 0))?;
        copy();
        if words.load_after(VERSION) == before.0 as u32 || Mutation::CopyNotRepeated.is_on() {
            return Ok(before);
        }
        count(words, RETRIES, 1);
    }
    // Publishers come faster than this copy goes: keep them out for its time.
    let section = Section::enter(words, slot, patience)?;
    copy();
    Ok(section.before)
}

/// Being inside the ordered section. Dropping it leaves.
pub struct Section<'a> {
    words: &'a dyn Words,
    slot: u32,
    before: Version,
    after: Version,
}

impl<'a> Section<'a> {
    /// Waits for the section and enters it as `slot`.
    pub fn enter(words: &'a dyn Words, slot: u32, patience: Duration) -> Result<Self, Stalled> {
        let enter =
            || words.compare_exchange(PUBLISHER, 0, slot + 1) == 0 || Mutation::UnnamedPublisher.is_on();
        wait_until(words, patience, || enter().then_some(()))?;
        Point::PublisherNamed.pass();
        let before = peek(words);
        Ok(Section { words, slot, before, after: before })
    }

    /// Makes the version odd. Words of the wal-index are stored only between this and the drop.
    pub fn open(&mut self) {
        if !Mutation::NoOddVersion.is_on() {
            self.words.store(VERSION, (self.before.0 as u32).wrapping_add(1));
        }
        Point::VersionOdd.pass();
        self.after = Version(self.before.0.wrapping_add(2));
    }

    /// The version that was there on entering.
    pub fn before(&self) -> Version {
        self.before
    }

    /// The version that will be there after leaving.
    pub fn after(&self) -> Version {
        self.after
    }
}

impl Drop for Section<'_> {
    fn drop(&mut self) {
        if self.after != self.before {
            Point::WordsStored.pass();
            let (lower, upper) = (self.after.0 as u32, (self.after.0 >> 32) as u32);
            if upper != (self.before.0 >> 32) as u32 {
                self.words.store(EPOCH, upper);
            }
            self.words.store(VERSION, lower);
            Point::VersionEven.pass();
        }
        self.words.compare_exchange(PUBLISHER, self.slot + 1, 0);
    }
}
