//! Counters stay at their greatest value.

use crate::counters::count;
use crate::layout::{COMMITS, CONTROL_WORDS};
use crate::memory::Words;
use crate::memory::heap::HeapWords;

#[test]
fn a_counter_stays_at_its_greatest_value() {
    let words = HeapWords::new(CONTROL_WORDS);
    count(&words, COMMITS, 7);
    assert_eq!(words.load(COMMITS), 7);
    words.store(COMMITS, u32::MAX - 1);
    for n in [1, 1, 5, u32::MAX] {
        count(&words, COMMITS, n);
        assert_eq!(words.load(COMMITS), u32::MAX);
    }
}
