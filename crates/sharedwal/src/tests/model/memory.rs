//! The model's provider of shared memory: each word is a step of its own.

use std::sync::Arc;
use std::time::Duration;

use super::steps::{self, step};
use super::world::{Access, INDEX, PAGES};
use crate::layout::{DEATHS, INDEX_PAGE_WORDS, LOCK_WAIT_MS, LOCK_WAITS, RECOVERIES, RETRIES};
use crate::memory::{Change, Words};

/// Words of the model's memory from a place on.
pub struct ModelWords {
    first: u32,
}

/// The control block.
pub fn control() -> Arc<dyn Words> {
    Arc::new(ModelWords { first: 0 })
}

/// The pages of the wal-index.
pub fn index() -> Arc<dyn Words> {
    Arc::new(ModelWords { first: INDEX })
}

/// Counters by which nobody decides anything: they stand still, or states that differ in nothing
/// else would be different ones.
const COUNTERS: [u32; 5] = [DEATHS, LOCK_WAITS, LOCK_WAIT_MS, RETRIES, RECOVERIES];

impl ModelWords {
    fn change(&self, at: u32, f: impl FnOnce(u32) -> u32) -> Option<u32> {
        if self.first == 0 && COUNTERS.contains(&at) {
            return Some(0);
        }
        step(self.first + at, Access::Change, |was| Some(f(was)))
    }
}

// What a dead thread's operations return is of no meaning: it is unwinding.
impl Words for ModelWords {
    fn load(&self, at: u32) -> u32 {
        step(self.first + at, Access::Load, |_| None).unwrap_or_default()
    }

    fn load_pair(&self, at: u32, radix: u64) -> u64 {
        let lower = self.load(at);
        u64::from(lower) + u64::from(self.load(at + 1)) * radix
    }

    fn load_many(&self, at: u32, out: &mut [u32]) {
        steps::load_each(self.first + at, out);
    }

    fn load_strided(&self, at: u32, stride: u32, out: &mut [u32]) {
        for (place, out) in (at..).step_by(stride as usize).zip(out) {
            *out = self.load(place);
        }
    }

    fn store(&self, at: u32, value: u32) {
        self.change(at, |_| value);
    }

    // The time of day is for people to read.
    fn stamp(&self, _: u32) {}

    fn store_pair(&self, at: u32, lower: u32, upper: u32) {
        self.store(at + 1, upper);
        self.store(at, lower);
    }

    fn compare_exchange(&self, at: u32, current: u32, new: u32) -> u32 {
        self.change(at, |was| if was == current { new } else { was }).unwrap_or(!current)
    }

    fn add(&self, at: u32, n: u32) -> u32 {
        self.change(at, |was| was.wrapping_add(n)).unwrap_or_default()
    }

    fn or(&self, at: u32, bits: u32) -> u32 {
        self.change(at, |was| was | bits).unwrap_or_default()
    }

    fn and(&self, at: u32, bits: u32) -> u32 {
        self.change(at, |was| was & bits).unwrap_or_default()
    }

    fn wait(&self, at: u32, expected: u32, timeout: Duration) {
        steps::wait(self.first + at, expected, timeout);
    }

    fn notify(&self, at: u32) {
        steps::notify(self.first + at);
    }

    fn copy_out(&self, at: u32, out: &mut [u32]) {
        steps::load_each(self.first + at, out);
    }

    fn scatter(&self, changes: &[Change]) {
        for change in changes {
            self.store(change.at, change.value);
        }
    }

    fn load_after(&self, at: u32) -> u32 {
        self.load(at)
    }

    fn grow(&self, words: u32) -> bool {
        words <= PAGES * INDEX_PAGE_WORDS
    }
}
