//! Shared memory on the heap, for the threads of one program.

use std::alloc::{Layout, alloc_zeroed, dealloc};
use std::ptr::NonNull;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering, fence};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use parking_lot_core::{DEFAULT_PARK_TOKEN, DEFAULT_UNPARK_TOKEN, ParkResult};

use super::{Bytes, Change, Words};
use crate::injection::{Mutation, Point};

/// Threads may always wait, if they live.
pub fn can_block() -> bool {
    #[cfg(test)]
    return !crate::tests::mortal::is_dead();
    #[cfg(not(test))]
    true
}

/// Time since some fixed moment, never falling.
pub fn now() -> Duration {
    #[cfg(test)]
    if let Some(now) = crate::tests::model::now() {
        return now;
    }
    static START: OnceLock<Instant> = OnceLock::new();
    START.get_or_init(Instant::now).elapsed()
}

/// The time as [`Words::stamp`] stores it.
pub fn wall_clock() -> u32 {
    // Before 1970 there were no threads either.
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis() as u32
}

/// Whether the next change of shared memory takes place. In tests a thread can die: its later
/// changes are as if they were never made, as those of a worker that was ended.
#[cfg(not(test))]
const fn lives() -> bool {
    true
}

#[cfg(test)]
use crate::tests::mortal::lives;

/// Words on the heap, all of them reserved at once.
pub struct HeapWords {
    words: Box<[AtomicU32]>,
}

impl HeapWords {
    /// `count` words, all zero.
    pub fn new(count: u32) -> Self {
        HeapWords { words: (0..count).map(|_| AtomicU32::new(0)).collect() }
    }

    fn word(&self, at: u32) -> &AtomicU32 {
        &self.words[at as usize]
    }
}

impl Words for HeapWords {
    fn load(&self, at: u32) -> u32 {
        self.word(at).load(Ordering::SeqCst)
    }

    fn load_pair(&self, at: u32, radix: u64) -> u64 {
        let lower = self.load(at);
        u64::from(lower) + u64::from(self.load(at + 1)) * radix
    }

    fn load_many(&self, at: u32, out: &mut [u32]) {
        for (word, out) in self.words[at as usize..].iter().zip(out) {
            *out = word.load(Ordering::SeqCst);
        }
    }

    fn load_strided(&self, at: u32, stride: u32, out: &mut [u32]) {
        for (word, out) in self.words[at as usize..].iter().step_by(stride as usize).zip(out) {
            *out = word.load(Ordering::SeqCst);
        }
    }

    fn store(&self, at: u32, value: u32) {
        if lives() {
            self.word(at).store(value, Ordering::SeqCst);
        }
    }

    fn stamp(&self, at: u32) {
        self.store(at, wall_clock());
    }

    fn store_pair(&self, at: u32, lower: u32, upper: u32) {
        let stores = [(at + 1, upper), (at, lower)];
        let [first, second] = if Mutation::TailBeforeUnits.is_on() { [stores[1], stores[0]] } else { stores };
        self.store(first.0, first.1);
        Point::HalfOfSize.pass();
        self.store(second.0, second.1);
    }

    fn compare_exchange(&self, at: u32, current: u32, new: u32) -> u32 {
        if !lives() {
            return !current;
        }
        let result = self.word(at).compare_exchange(current, new, Ordering::SeqCst, Ordering::SeqCst);
        result.unwrap_or_else(|was| was)
    }

    fn add(&self, at: u32, n: u32) -> u32 {
        if !lives() {
            return self.load(at);
        }
        self.word(at).fetch_add(n, Ordering::SeqCst)
    }

    fn or(&self, at: u32, bits: u32) -> u32 {
        if !lives() {
            return self.load(at);
        }
        self.word(at).fetch_or(bits, Ordering::SeqCst)
    }

    fn and(&self, at: u32, bits: u32) -> u32 {
        if !lives() {
            return self.load(at);
        }
        self.word(at).fetch_and(bits, Ordering::SeqCst)
    }

    fn wait(&self, at: u32, expected: u32, timeout: Duration) {
        if !can_block() {
            return;
        }
        let word = self.word(at);
        // SAFETY: the key is the address of a word that outlives the call and that nobody else
        // parks on; the closures neither park nor panic.
        let _: ParkResult = unsafe {
            parking_lot_core::park(
                word.as_ptr() as usize,
                || word.load(Ordering::SeqCst) == expected,
                || {},
                |_, _| {},
                DEFAULT_PARK_TOKEN,
                Some(Instant::now() + timeout),
            )
        };
    }

    fn notify(&self, at: u32) {
        // SAFETY: as in `wait`.
        unsafe { parking_lot_core::unpark_all(self.word(at).as_ptr() as usize, DEFAULT_UNPARK_TOKEN) };
    }

    fn copy_out(&self, at: u32, out: &mut [u32]) {
        for (word, out) in self.words[at as usize..].iter().zip(out) {
            *out = word.load(Ordering::Relaxed);
        }
    }

    fn scatter(&self, changes: &[Change]) {
        // Release: whoever sees one of these words also sees the odd version stored before them.
        fence(Ordering::Release);
        for (done, change) in changes.iter().enumerate() {
            if done > 0 {
                Point::BetweenWords.pass();
            }
            if lives() {
                self.word(change.at).store(change.value, Ordering::Relaxed);
            }
        }
    }

    fn load_after(&self, at: u32) -> u32 {
        // Acquire: keeps the relaxed loads of `copy_out` before the load below.
        fence(Ordering::Acquire);
        self.word(at).load(Ordering::SeqCst)
    }

    fn grow(&self, words: u32) -> bool {
        words as usize <= self.words.len()
    }
}

/// Bytes on the heap. The whole capacity is reserved as zeroed memory, which the system commits
/// page by page as it is touched.
pub struct HeapBytes {
    start: NonNull<u8>,
    layout: Layout,
    len: AtomicU64,
}

// SAFETY: the bytes are only reached through `read` and `write`, whose callers exclude each other
// by SQLite's locks, as processes do on a mapped file; `len` is atomic.
unsafe impl Send for HeapBytes {}
// SAFETY: as for Send.
unsafe impl Sync for HeapBytes {}

impl HeapBytes {
    /// `len` bytes, all zero, that can grow to `capacity`; `None` if the system refuses.
    pub fn new(len: u64, capacity: u64) -> Option<Self> {
        // Aligned no more than malloc() does by itself: beyond that, the allocator writes the zeros
        // instead of asking the system for untouched pages, so all of the capacity would be used.
        let layout = Layout::from_size_align(usize::try_from(capacity.max(1)).ok()?, 8).ok()?;
        // SAFETY: the layout has a size above zero.
        let start = NonNull::new(unsafe { alloc_zeroed(layout) })?;
        Some(HeapBytes { start, layout, len: AtomicU64::new(len) })
    }

    fn range(&self, at: u64, len: usize) -> *mut u8 {
        let end = at.checked_add(len as u64);
        assert!(end.is_some_and(|end| end <= self.len(u64::MAX)), "bytes {at}+{len} are past the end");
        // SAFETY: the range was just checked to lie inside the allocation.
        unsafe { self.start.as_ptr().add(at as usize) }
    }
}

impl Drop for HeapBytes {
    fn drop(&mut self) {
        // SAFETY: allocated with this layout in `new`.
        unsafe { dealloc(self.start.as_ptr(), self.layout) };
    }
}

impl Bytes for HeapBytes {
    fn capacity(&self) -> u64 {
        self.layout.size() as u64
    }

    fn len(&self, _enough: u64) -> u64 {
        self.len.load(Ordering::SeqCst)
    }

    fn grow(&self, len: u64) -> bool {
        if len > self.capacity() {
            return false;
        }
        if lives() {
            self.len.fetch_max(len, Ordering::SeqCst);
        }
        true
    }

    fn read(&self, at: u64, out: &mut [u8]) {
        // SAFETY: `range` checked the bounds; a private buffer does not overlap them.
        unsafe { self.range(at, out.len()).copy_to_nonoverlapping(out.as_mut_ptr(), out.len()) };
    }

    fn write(&self, at: u64, data: &[u8]) {
        // A worker can be ended in the middle of a copy.
        let (first, second) = data.split_at(data.len() / 2);
        for half in [first, second] {
            if !first.is_empty() && std::ptr::eq(half, second) {
                Point::HalfCopied.pass();
            }
            if lives() {
                let offset = (half.as_ptr() as usize - data.as_ptr() as usize) as u64;
                let start = self.range(at + offset, half.len());
                // SAFETY: `range` checked the bounds; a private buffer does not overlap them.
                unsafe { start.copy_from_nonoverlapping(half.as_ptr(), half.len()) };
            }
        }
    }
}
