//! The ordered section: what is read was published whole, and in order.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use super::SetOnDrop;
use crate::layout::{CONTROL_WORDS, EPOCH, HEADER, PUBLISHER, RETRIES, VERSION};
use crate::memory::heap::HeapWords;
use crate::memory::{Change, Words};
use crate::ordered_section::{self, Section, Stalled, TEST_PATIENCE, Version, patience};

/// Words that are published together, each time with one value for all.
const TOGETHER: usize = 34;

fn control() -> Arc<HeapWords> {
    Arc::new(HeapWords::new(CONTROL_WORDS))
}

/// Publishes the next value.
fn publish(words: &dyn Words, slot: u32) {
    let mut section = Section::enter(words, slot, patience()).unwrap();
    section.open();
    let value = words.load(HEADER) + 1;
    let changes: Vec<_> = (0..TOGETHER as u32).map(|at| Change { at: HEADER + at, value }).collect();
    words.scatter(&changes);
    assert_ne!(section.before(), section.after());
}

/// Reads the words as they stood at one version.
fn look(words: &dyn Words, slot: u32) -> (Version, u32) {
    let mut copy = [0; TOGETHER];
    let version =
        ordered_section::read(words, slot, patience(), || words.copy_out(HEADER, &mut copy)).unwrap();
    assert!(copy.iter().all(|word| *word == copy[0]), "a torn copy: {copy:?}");
    (version, copy[0])
}

/// The version as a number.
fn number(words: &dyn Words) -> u64 {
    u64::from(words.load(EPOCH)) << 32 | u64::from(words.load(VERSION))
}

const PUBLISHERS: u32 = 2;
const READERS: u32 = 2;

/// Publishers and readers side by side, until there were so many publishes of each publisher and
/// so many looks.
fn race(words: &dyn Words, publishes: u32, enough: u64) {
    let running = AtomicU32::new(PUBLISHERS);
    let looks = AtomicU64::new(0);
    let (first_value, first_version) = (words.load(HEADER), number(words));
    let published: u32 = std::thread::scope(|scope| {
        for slot in PUBLISHERS..PUBLISHERS + READERS {
            let (running, looks) = (&running, &looks);
            scope.spawn(move || {
                let (mut version, mut value) = look(words, slot);
                while running.load(Ordering::SeqCst) > 0 {
                    let (next_version, next_value) = look(words, slot);
                    assert!(next_version >= version, "the version fell");
                    // Every publish adds one, so versions and values rise side by side.
                    assert_eq!(next_version > version, next_value > value, "{next_value} after {value}");
                    looks.fetch_add(u64::from(next_version > version), Ordering::SeqCst);
                    (version, value) = (next_version, next_value);
                }
            });
        }
        let publishers: Vec<_> = (0..PUBLISHERS)
            .map(|slot| {
                let (running, looks) = (&running, &looks);
                scope.spawn(move || {
                    let start = Instant::now();
                    let mut done = 0;
                    let late = || start.elapsed() > Duration::from_secs(10);
                    while done < publishes || (looks.load(Ordering::SeqCst) < enough && !late()) {
                        publish(words, slot);
                        done += 1;
                    }
                    running.fetch_sub(1, Ordering::SeqCst);
                    done
                })
            })
            .collect();
        publishers.into_iter().map(|publisher| publisher.join().unwrap()).sum()
    });
    let looks = looks.into_inner();
    assert!(looks >= enough, "only {looks} looks found something new");
    assert_eq!(words.load(HEADER) - first_value, published, "a publish overtook another");
    assert_eq!(number(words) - first_version, 2 * u64::from(published));
    assert_eq!(words.load(PUBLISHER), 0);
}

#[test]
fn copies_are_whole_and_versions_rise() {
    race(control().as_ref(), 10_000, 200);
}

#[test]
fn the_version_goes_on_past_32_bits() {
    for round in 0..40 {
        let words = control();
        words.store(EPOCH, 6);
        words.store(VERSION, 0_u32.wrapping_sub(2 * (20 + round)));
        race(words.as_ref(), 100, 2);
        assert_eq!(words.load(EPOCH), 7);
    }
}

/// The two halves of the version are loaded one by one: at the wrap they must not look like a
/// version that was seen before.
#[test]
fn a_version_around_the_wrap_is_not_taken_for_an_earlier_one() {
    let words = control();
    words.store(VERSION, u32::MAX - 1);
    let before = ordered_section::peek(words.as_ref());
    publish(words.as_ref(), 0);
    let after = ordered_section::peek(words.as_ref());
    assert!(after > before);
    assert_eq!((words.load(VERSION), words.load(EPOCH)), (0, 1));
    let (version, value) = look(words.as_ref(), 1);
    assert_eq!((version, value), (after, 1));
}

/// Publishers who come faster than a copy goes do not keep the reader from ending.
#[test]
fn a_slow_copy_keeps_publishers_out() {
    let words = control();
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !stop.load(Ordering::SeqCst) {
                publish(words.as_ref(), 0);
            }
        });
        let _stop = SetOnDrop(&stop);
        for _ in 0..3 {
            let retries = words.load(RETRIES);
            let (mut first, mut last) = ([0; TOGETHER / 2], [0; TOGETHER / 2]);
            let mut copies = 0;
            ordered_section::read(words.as_ref(), 1, patience(), || {
                copies += 1;
                words.copy_out(HEADER, &mut first);
                let moved = words.load(VERSION);
                let start = Instant::now();
                // Until a publish went by, as long as one can: not while this is in the section itself.
                while words.load(VERSION) == moved
                    && words.load(PUBLISHER) != 2
                    && start.elapsed() < Duration::from_secs(10)
                {
                    std::thread::yield_now();
                }
                words.copy_out(HEADER + TOGETHER as u32 / 2, &mut last);
            })
            .unwrap();
            assert_eq!(first, last, "a torn copy");
            assert!((2..=17).contains(&copies), "{copies} copies");
            assert_eq!(words.load(RETRIES) - retries, copies - 1, "each copy but the last is counted");
        }
    });
    assert!(words.load(HEADER) > 10);
}

#[test]
fn leaving_without_opening_changes_nothing() {
    let words = control();
    publish(words.as_ref(), 0);
    let before = ordered_section::peek(words.as_ref());
    let section = Section::enter(words.as_ref(), 5, patience()).unwrap();
    assert_eq!(words.load(PUBLISHER), 6, "whoever is inside has a name");
    drop(section);
    assert_eq!(ordered_section::peek(words.as_ref()), before);
    assert_eq!(words.load(PUBLISHER), 0);
}

/// A publisher that died inside holds up the others for a bounded time.
#[test]
fn waiting_for_a_publisher_has_a_bound() {
    TEST_PATIENCE.set(Some(Duration::from_millis(30)));
    let words = control();
    words.store(PUBLISHER, 9);
    assert_eq!(Section::enter(words.as_ref(), 0, patience()).err(), Some(Stalled));
    assert_eq!(look(words.as_ref(), 0).1, 0, "whoever only reads is not in its way yet");
    words.store(VERSION, 1);
    let read = ordered_section::read(words.as_ref(), 0, patience(), || panic!("words are being stored"));
    assert_eq!(read, Err(Stalled));
    assert_eq!(words.load(PUBLISHER), 9, "its name stands until it is reaped");
}
