//! The ring of records: who is too late is told so, and nothing else is lost.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use super::*;
use crate::feed::TableChange;
use crate::layout::feed::{self, CLAIMED, ENDS, RING_WORDS, SEQUENCE, SEQUENCE_UPPER};
use crate::memory::Words;
use crate::memory::heap::HeapWords;
use crate::tests::random::Random;

fn words() -> Arc<dyn Words> {
    Arc::new(HeapWords::new(crate::layout::CONTROL_WORDS))
}

fn table(name: &str, row_ids: Option<Vec<i64>>) -> TableChange {
    TableChange { name: name.into(), row_ids }
}

fn known(tables: Vec<TableChange>) -> Tables {
    Tables::Known(tables)
}

#[test]
fn what_is_appended_is_read() {
    let ring = Ring::of(words());
    let mut reader = Reader::new(ring.clone(), 0);
    assert_eq!(reader.next(), None);
    let changes = [
        known(vec![table("a", None)]),
        known(vec![
            table("", Some(vec![])),
            table("größer als \u{1f600}", Some(vec![i64::MIN, -1, 0, i64::MAX])),
        ]),
        Tables::Unknown,
        known((0..100).map(|n| table(&format!("table number {n}"), Some(vec![n]))).collect()),
    ];
    for (n, tables) in changes.iter().enumerate() {
        ring.append(7 + n as u32, tables.clone());
    }
    for (n, tables) in changes.into_iter().enumerate() {
        let commit = Commit { sequence: n as u64 + 1, connection: Some(7 + n as u32), tables };
        assert_eq!(reader.next(), Some(commit));
    }
    assert_eq!(reader.next(), None);
}

/// Row ids are left out first, then the names.
#[test]
fn a_record_that_is_too_long() {
    let ring = Ring::short(words(), 64);
    let mut reader = Reader::new(ring.clone(), 0);
    let long: String = "x".repeat(100);
    for (tables, expected) in [
        (known(vec![table("a", Some((0..100).collect()))]), known(vec![table("a", None)])),
        (known(vec![table(&long, None)]), Tables::Unknown),
        (known((0..10).map(|_| table("a", None)).collect()), Tables::Unknown),
    ] {
        ring.append(1, tables);
        assert_eq!(reader.next().unwrap().tables, expected);
    }
}

#[test]
fn a_reader_that_is_too_late_is_told_so_once() {
    let ring = Ring::of(words());
    let mut reader = Reader::new(ring.clone(), 0);
    let append = |n: u32| ring.append(n, known(vec![table("a table", None)]));
    let length = 5 + 2 + 2;
    // As many as there is room for.
    let fits = RING_WORDS / length;
    (0..fits).for_each(append);
    for n in 0..fits {
        assert_eq!(reader.next().unwrap().connection, Some(n));
    }
    (0..=fits).for_each(append);
    let late = reader.next().unwrap();
    let sequence = u64::from(2 * fits + 1);
    assert_eq!(late, Commit { sequence, connection: None, tables: Tables::Unknown });
    assert_eq!(reader.next(), None);
    append(5);
    assert_eq!(reader.next().unwrap().sequence, sequence + 1);
}

/// The number of a record and its position in words go past 32 bits.
#[test]
fn numbers_do_not_begin_anew() {
    let words = words();
    for (at, value) in [(SEQUENCE, u32::MAX - 3), (SEQUENCE_UPPER, 6), (CLAIMED, u32::MAX - 20)] {
        words.store(at, value);
    }
    for at in [ENDS, ENDS + 1] {
        words.store(at, u32::MAX - 20);
    }
    let ring = Ring::of(words);
    let mut reader = Reader::new(ring.clone(), 0);
    for n in 0..10 {
        ring.append(n, known(vec![table("a", Some(vec![n.into()]))]));
        let commit = reader.next().unwrap();
        assert_eq!((commit.sequence, commit.connection), ((7 << 32) - 3 + u64::from(n), Some(n)));
    }
}

/// A reader that slept while positions came round to where it is finds another number there.
#[test]
fn a_reader_that_slept_for_very_long() {
    let words = words();
    let ring = Ring::of(words.clone());
    ring.append(1, known(vec![table("a", None)]));
    let mut reader = Reader::new(ring.clone(), 0);
    // As if 2^32 words had been appended since.
    words.store(SEQUENCE, 0x1000_0001);
    assert_eq!(reader.next().unwrap().tables, Tables::Unknown);
    ring.append(2, known(vec![table("b", None)]));
    assert_eq!(reader.next().unwrap().connection, Some(2));
}

/// Whatever stands in the words, a reader ends, and so does a writer.
#[test]
fn any_words() {
    let mut random = Random::new(31);
    for _ in 0..200 {
        let words = words();
        let ring = Ring::short(words.clone(), 64);
        let mut reader = Reader::new(ring.clone(), 0);
        for _ in 0..100 {
            let at = feed::LISTENING + random.below(u64::from(feed::RING + 64 - feed::LISTENING)) as u32;
            let value = if random.below(2) == 0 { random.next() as u32 } else { random.below(70) as u32 };
            words.store(at, value);
            if random.below(3) == 0 {
                ring.append(1, known(vec![table("a", Some(vec![1]))]));
            }
            reader.next();
        }
    }
}

/// Readers of a short ring under a writer that never waits: what they read is whole and in order.
#[test]
fn nothing_torn_is_read() {
    let _guard = crate::tests::one_at_a_time();
    let ring = Ring::short(words(), 128);
    let end = AtomicBool::new(false);
    // What each reader read whole, and what it was too late for.
    let counts: [[AtomicU64; 2]; 2] = Default::default();
    let count = |n: usize, of: usize| counts[n][of].load(Ordering::SeqCst);
    thread::scope(|scope| {
        let _ends = crate::tests::SetOnDrop(&end);
        for [whole, late] in &counts {
            let mut reader = Reader::new(ring.clone(), 0);
            let end = &end;
            scope.spawn(move || {
                let mut last = 0;
                while !end.load(Ordering::SeqCst) {
                    let Some(commit) = reader.next() else { continue };
                    assert!(commit.sequence > last, "{commit:?} after {last}");
                    match commit.connection {
                        None => late.fetch_add(1, Ordering::SeqCst),
                        Some(number) => {
                            assert!(last == 0 || commit.sequence == last + 1, "{commit:?} after {last}");
                            assert_eq!(number, commit.sequence as u32);
                            assert_eq!(commit.tables, contents(number), "{commit:?}");
                            whole.fetch_add(1, Ordering::SeqCst)
                        }
                    };
                    last = commit.sequence;
                }
            });
        }
        let rounds = if crate::tests::quick() { 100_000 } else { 400_000 };
        let patience = Instant::now() + Duration::from_secs(60);
        // On until each reader was in time for one, which a busy machine may keep from it for long.
        let missing = || (0..2).any(|n| count(n, 0) == 0) || (0..2).all(|n| count(n, 1) == 0);
        for number in 1.. {
            if number > rounds && (!missing() || Instant::now() > patience) {
                break;
            }
            ring.append(number, contents(number));
            if number % 64 == 0 {
                thread::yield_now();
            }
        }
    });
    println!("whole, late: {counts:?}");
    assert!((0..2).all(|n| count(n, 0) > 0) && (0..2).any(|n| count(n, 1) > 0));
}

/// Of different lengths.
fn contents(number: u32) -> Tables {
    let ids = (0..number % 5).map(|n| i64::from(number) * 1000 + i64::from(n)).collect();
    known(vec![table(&"x".repeat(number as usize % 9), None), table(&number.to_string(), Some(ids))])
}
