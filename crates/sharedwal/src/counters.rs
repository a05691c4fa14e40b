//! Counters for diagnostics. They stay at their greatest value instead of beginning anew.

use crate::memory::Words;

/// Adds `n` to the counter at `at`.
pub fn count(words: &dyn Words, at: u32, n: u32) {
    if words.add(at, n).checked_add(n).is_none() {
        words.store(at, u32::MAX);
    }
}
