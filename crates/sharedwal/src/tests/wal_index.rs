//! The private copy by itself: what is published when, and what is not.

use std::sync::Arc;

use crate::layout::{CONTROL_WORDS, HEADER, INDEX_PAGE_WORDS};
use crate::memory::Words;
use crate::memory::heap::HeapWords;
use crate::ordered_section;
use crate::wal_index::{Holding, WalIndex};

/// Words of the header, as wal.c has them: two copies of WalIndexHdr, then WalCkptInfo.
const COPY: usize = 12;
const MX_FRAME: usize = 4;
const SALT: usize = 8;
const BACKFILL: usize = 24;
const READ_MARK: usize = 25;

/// A wal-index with connections of its own.
struct Shared {
    control: Arc<dyn Words>,
    index: Arc<dyn Words>,
}

impl Shared {
    fn new() -> Shared {
        Shared {
            control: Arc::new(HeapWords::new(CONTROL_WORDS)),
            index: Arc::new(HeapWords::new(4 * INDEX_PAGE_WORDS)),
        }
    }

    fn attach(&self, slot: u32) -> Attached {
        // As long as in earnest: the other one in the section may have lost its core.
        let (control, index) = (self.control.clone(), self.index.clone());
        let mut index = WalIndex::attach(control, index, slot, ordered_section::patience()).unwrap();
        let header = index.map(0, true, Holding::Nothing).unwrap();
        Attached { index, header }
    }

    fn header(&self, at: usize) -> u32 {
        self.control.load(HEADER + at as u32)
    }
}

/// One connection, with the pointer through which SQLite writes.
struct Attached {
    index: WalIndex,
    header: *mut u32,
}

impl Attached {
    fn set(&mut self, at: usize, value: u32) {
        // SAFETY: the page has more words than a header, and nothing else uses it now.
        unsafe { self.header.add(at).write(value) };
    }

    fn get(&self, at: usize) -> u32 {
        // SAFETY: as in `set`.
        unsafe { self.header.add(at).read() }
    }

    /// Stores one of the two header copies.
    fn set_copy(&mut self, copy: usize, mx_frame: u32, salt: u32) {
        for (at, value) in [(0, 3_007_000), (MX_FRAME, mx_frame), (SALT, salt), (COPY - 1, mx_frame ^ salt)] {
            self.set(copy * COPY + at, value);
        }
    }
}

/// A writer that has committed 100 frames, of which a checkpoint has copied all.
fn with_writer() -> (Shared, Attached) {
    let shared = Shared::new();
    let mut writer = shared.attach(0);
    for copy in [1, 0] {
        writer.set_copy(copy, 100, 7);
    }
    writer.set(BACKFILL, 100);
    writer.set(READ_MARK + 1, 100);
    writer.index.sync(Holding::Write).unwrap();
    (shared, writer)
}

#[test]
fn a_commit_is_completed_at_the_barrier() {
    for early in [true, false] {
        let (shared, mut writer) = with_writer();
        writer.index.set_early_completion(early);
        writer.set_copy(1, 101, 7);
        writer.index.barrier(Holding::Write, true).unwrap();
        assert_eq!(shared.header(COPY + MX_FRAME), 101);
        assert_eq!(shared.header(MX_FRAME), if early { 101 } else { 100 });
        writer.set_copy(0, 101, 7);
        writer.index.sync(Holding::Write).unwrap();
        assert_eq!((shared.header(MX_FRAME), shared.header(COPY - 1)), (101, 101 ^ 7));
    }
}

/// The header of a log that begins anew must not be valid before nBackfill and the read marks are
/// those of the new log: whoever finds it after a death in between takes its frames for copied.
#[test]
fn a_restart_is_not_completed_at_the_barrier() {
    for early in [true, false] {
        let (shared, mut writer) = with_writer();
        writer.index.set_early_completion(early);
        writer.set_copy(1, 0, 8);
        writer.index.barrier(Holding::Write, true).unwrap();
        assert_eq!((shared.header(COPY + SALT), shared.header(COPY + MX_FRAME)), (8, 0));
        assert_eq!((shared.header(SALT), shared.header(MX_FRAME)), (7, 100), "early {early}");
        writer.set_copy(0, 0, 8);
        writer.set(BACKFILL, 0);
        writer.set(READ_MARK + 1, 0);
        assert_eq!(shared.header(SALT), 7);
        writer.index.sync(Holding::Write).unwrap();
        assert_eq!((shared.header(SALT), shared.header(MX_FRAME)), (8, 0));
        assert_eq!((shared.header(BACKFILL), shared.header(READ_MARK + 1)), (0, 0));
    }
}

/// A transaction that went back, or a header that fell back, is no commit.
#[test]
fn only_a_commit_is_completed_at_the_barrier() {
    for (mx_frame, salt) in [(100, 7), (99, 7), (150, 8)] {
        let (shared, mut writer) = with_writer();
        writer.index.set_early_completion(true);
        writer.set_copy(1, mx_frame, salt);
        writer.index.barrier(Holding::Write, true).unwrap();
        assert_eq!((shared.header(SALT), shared.header(MX_FRAME)), (7, 100));
        // Nor is what is published without the lock.
        let mut other = shared.attach(1);
        other.set_copy(1, 200, 7);
        other.index.barrier(Holding::Nothing, true).unwrap();
        assert_eq!(shared.header(MX_FRAME), 100);
    }
}

#[test]
fn words_of_others_are_not_overwritten() {
    let (shared, mut a) = with_writer();
    let mut b = shared.attach(1);
    let mut c = shared.attach(2);
    b.set(READ_MARK + 2, 90);
    b.index.sync(Holding::Nothing).unwrap();
    // These have not seen it yet, and change other words.
    a.set(READ_MARK + 3, 80);
    a.index.sync(Holding::Nothing).unwrap();
    c.set(BACKFILL, 50);
    c.index.sync(Holding::Write).unwrap();
    for attached in [&mut a, &mut b, &mut c] {
        attached.index.sync(Holding::Nothing).unwrap();
        let marks = [1, 2, 3].map(|mark| attached.get(READ_MARK + mark));
        assert_eq!((marks, attached.get(BACKFILL)), ([100, 90, 80], 50));
    }
}

/// Whoever published must not take for seen what another one published just before.
#[test]
fn an_own_publish_hides_no_other() {
    let (shared, mut a) = with_writer();
    let mut b = shared.attach(1);
    for round in 1..50 {
        b.set(READ_MARK + 2, round);
        b.index.sync(Holding::Nothing).unwrap();
        a.set(READ_MARK + 3, round);
        a.index.sync(Holding::Nothing).unwrap();
        assert_eq!(a.get(READ_MARK + 2), round);
        b.index.sync(Holding::Nothing).unwrap();
        assert_eq!(b.get(READ_MARK + 3), round);
    }
}

#[test]
fn a_barrier_without_a_lock_does_nothing() {
    let (shared, mut a) = with_writer();
    let mut b = shared.attach(1);
    a.set_copy(1, 101, 7);
    a.set_copy(0, 101, 7);
    a.index.sync(Holding::Write).unwrap();
    b.index.barrier(Holding::Nothing, false).unwrap();
    assert_eq!(b.get(MX_FRAME), 100, "both of its copies are of the same age");
    b.index.barrier(Holding::Nothing, true).unwrap();
    assert_eq!(b.get(MX_FRAME), 101);
}

#[test]
fn only_the_first_to_attach_zeroes() {
    let (shared, a) = with_writer();
    let b = shared.attach(1);
    a.index.detach(Holding::Nothing).unwrap();
    let c = shared.attach(0);
    assert_eq!((b.get(MX_FRAME), c.get(MX_FRAME)), (100, 100));
    b.index.detach(Holding::Nothing).unwrap();
    c.index.detach(Holding::Nothing).unwrap();
    assert_eq!(shared.header(MX_FRAME), 100, "nobody is there to look");
    let d = shared.attach(1);
    assert_eq!((d.get(MX_FRAME), shared.header(MX_FRAME), shared.header(BACKFILL)), (0, 0, 0));
}

/// Of two that attach at the same time, one is the first. What the other one has published is not
/// zeroed.
#[test]
fn one_of_two_is_the_first() {
    for round in 0..3_000 {
        let shared = Shared::new();
        let barrier = std::sync::Barrier::new(2);
        std::thread::scope(|scope| {
            for slot in 0..2 {
                let (shared, barrier) = (&shared, &barrier);
                scope.spawn(move || {
                    barrier.wait();
                    let mut attached = shared.attach(slot);
                    attached.set(READ_MARK + slot as usize, 7);
                    attached.index.sync(Holding::Nothing).unwrap();
                });
            }
        });
        let marks = [0, 1].map(|slot| shared.header(READ_MARK + slot));
        assert_eq!(marks, [7, 7], "in round {round}");
    }
}

/// The last words of a connection are published when it leaves.
#[test]
fn leaving_publishes() {
    let (shared, mut a) = with_writer();
    let b = shared.attach(1);
    a.set(BACKFILL, 60);
    a.index.detach(Holding::Nothing).unwrap();
    assert_eq!(shared.header(BACKFILL), 60);
    drop(b);
}

/// A page that another connection mapped and filled is copied when it is mapped here, even if
/// nothing was published since the last look.
#[test]
fn a_newly_mapped_page_is_copied() {
    let (shared, mut a) = with_writer();
    let mut b = shared.attach(1);
    let page = a.index.map(1, true, Holding::Write).unwrap();
    // SAFETY: a page has 8192 words.
    unsafe { page.add(5).write(55) };
    a.index.sync(Holding::Everything).unwrap();
    b.index.sync(Holding::Nothing).unwrap();
    let here = b.index.map(1, false, Holding::Nothing).unwrap();
    // SAFETY: as above.
    assert_eq!(unsafe { here.add(5).read() }, 55);
    assert!(b.index.map(2, false, Holding::Nothing).unwrap().is_null(), "it does not exist yet");
    assert!(b.index.map(9, true, Holding::Write).is_err(), "there is no room for it");
}
