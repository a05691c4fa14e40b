//! What shared memory is: words that several workers change atomically, and bytes.
//!
//! This module knows nothing of SQLite. A provider implements [`Words`] and [`Bytes`]: `heap` for
//! the threads of a program, `shared_array_buffer` for the workers of a page; `private` has bytes
//! that nobody shares.

use std::time::Duration;

#[cfg(not(target_arch = "wasm32"))]
pub mod heap;
pub mod private;
#[cfg(target_arch = "wasm32")]
pub mod shared_array_buffer;

/// Shared 32-bit words. Every operation is sequentially consistent, unless it says otherwise;
/// positions are counted in words.
///
/// The providers of this crate are meant; a position out of range panics (heap) or throws (page),
/// so every caller computes positions from [`crate::layout`] or from checked page numbers.
pub trait Words: Send + Sync {
    /// The word at `at`.
    fn load(&self, at: u32) -> u32;
    /// Two words as one number: the one at `at`, which is loaded first, and `radix` times the one
    /// after it. Exact below 2^53.
    fn load_pair(&self, at: u32, radix: u64) -> u64;
    /// Whether two words, loaded as by [`Words::load_pair`], are the halves of this number.
    fn is_pair(&self, at: u32, value: u64) -> bool {
        self.load_pair(at, 1 << 32) == value
    }
    /// `out.len()` words from `at` on, each loaded atomically, in rising order.
    fn load_many(&self, at: u32, out: &mut [u32]);
    /// `out.len()` words, `stride` words apart, each loaded atomically, in rising order.
    fn load_strided(&self, at: u32, stride: u32, out: &mut [u32]);
    /// Stores `value` at `at`.
    fn store(&self, at: u32, value: u32);
    /// Stores the time, in milliseconds since 1970 modulo 2^32.
    fn stamp(&self, at: u32);
    /// Stores two words: first `upper` after `at`, then `lower` at it.
    fn store_pair(&self, at: u32, lower: u32, upper: u32);
    /// Stores `new` if the word equals `current`; returns what it was.
    fn compare_exchange(&self, at: u32, current: u32, new: u32) -> u32;
    /// Adds, wrapping; returns what it was.
    fn add(&self, at: u32, n: u32) -> u32;
    /// Sets bits; returns what it was.
    fn or(&self, at: u32, bits: u32) -> u32;
    /// Keeps only `bits`; returns what it was.
    fn and(&self, at: u32, bits: u32) -> u32;

    /// Sleeps while the word equals `expected`, until [`Words::notify`] or for `timeout` at the
    /// longest. May return early. Returns at once where [`can_block`] is false.
    fn wait(&self, at: u32, expected: u32, timeout: Duration);
    /// Wakes everybody who waits on the word.
    fn notify(&self, at: u32);

    /// Copies words that others may be changing: the copy may be torn, and the caller has to
    /// find out by a version word, see [`Words::load_after`].
    fn copy_out(&self, at: u32, out: &mut [u32]);
    /// Stores words for readers that use [`Words::copy_out`]; ordered only by the atomic
    /// operations around it.
    fn scatter(&self, changes: &[Change]);
    /// Like [`Words::load`], and no [`Words::copy_out`] before it can be ordered after it.
    fn load_after(&self, at: u32) -> u32;

    /// Grows to `words`, zero-filled; false where that is more than the reservation.
    fn grow(&self, words: u32) -> bool;
}

/// One word to be stored by [`Words::scatter`].
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Change {
    /// Position in words.
    pub at: u32,
    /// The new value.
    pub value: u32,
}

/// Shared bytes that grow in place up to a capacity. Reads and writes are plain copies: whoever
/// uses them makes sure that nobody writes where another reads.
pub trait Bytes: Send + Sync {
    /// The length to which it can grow, in bytes.
    fn capacity(&self) -> u64;
    /// Bytes that exist now, or fewer where these are `enough`.
    fn len(&self, enough: u64) -> u64;
    /// Grows to at least `len` bytes, zero-filled; false where the system refuses. Growing a
    /// little makes the next call more likely than not to be needless.
    fn grow(&self, len: u64) -> bool;
    /// Copies `out.len()` bytes from `at`, all of them there.
    fn read(&self, at: u64, out: &mut [u8]);
    /// Copies `data` to `at`, where bytes are there.
    fn write(&self, at: u64, data: &[u8]);
}

#[cfg(not(target_arch = "wasm32"))]
pub use heap::{can_block, now, wall_clock};
#[cfg(target_arch = "wasm32")]
pub use shared_array_buffer::{can_block, now, wall_clock};
