//! Shared memory of a page: `SharedArrayBuffer`s, reached through a few imported functions.
//!
//! A call from wasm into JavaScript costs some nanoseconds, so what belongs together is one call.

use std::cell::OnceCell;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use js_sys::SharedArrayBuffer;
use wasm_bindgen::prelude::*;

use super::{Bytes, Change, Words};

// Signed integers and floats alone: with these the generated glue passes a call straight through.
#[wasm_bindgen(module = "/src/memory/shared_array_buffer.js")]
extern "C" {
    fn hold(memory: &JsValue, buffer: &SharedArrayBuffer, of_words: bool) -> i32;
    fn release(id: i32);
    fn load(id: i32, at: i32) -> i32;
    fn load_pair(id: i32, at: i32, radix: f64) -> f64;
    fn is_pair(id: i32, at: i32, lower: i32, upper: i32) -> bool;
    fn load_many(id: i32, at: i32, out: i32, count: i32);
    fn load_strided(id: i32, at: i32, stride: i32, out: i32, count: i32);
    fn store(id: i32, at: i32, value: i32);
    fn stamp(id: i32, at: i32);
    fn store_pair(id: i32, at: i32, lower: i32, upper: i32);
    fn compare_exchange(id: i32, at: i32, current: i32, value: i32) -> i32;
    fn add(id: i32, at: i32, n: i32) -> i32;
    fn or(id: i32, at: i32, bits: i32) -> i32;
    fn and(id: i32, at: i32, bits: i32) -> i32;
    fn wait(id: i32, at: i32, expected: i32, milliseconds: f64);
    fn notify(id: i32, at: i32);
    fn copy_out(id: i32, at: i32, out: i32, count: i32);
    fn scatter(id: i32, changes: i32, count: i32);
    fn load_after(id: i32, at: i32) -> i32;
    fn byte_length(id: i32) -> f64;
    fn max_byte_length(id: i32) -> f64;
    fn grow(id: i32, length: f64) -> bool;
    fn read(id: i32, at: f64, out: i32, length: i32);
    fn write(id: i32, at: f64, data: i32, length: i32);
    #[wasm_bindgen(js_name = can_block)]
    fn may_wait() -> bool;
    #[wasm_bindgen(js_name = now)]
    fn milliseconds() -> f64;
}

/// Whether this thread may wait: workers may, the main thread of a page may not.
pub fn can_block() -> bool {
    thread_local!(static ANSWER: OnceCell<bool> = const { OnceCell::new() });
    ANSWER.with(|answer| *answer.get_or_init(may_wait))
}

/// Time since this worker started, never falling.
pub fn now() -> Duration {
    Duration::from_secs_f64(milliseconds().max(0.0) / 1000.0)
}

/// The time as [`Words::stamp`] stores it.
pub fn wall_clock() -> u32 {
    (js_sys::Date::now() as u64) as u32
}

/// A `SharedArrayBuffer` that this instance holds.
pub struct Shared {
    id: i32,
    capacity: u64,
    /// Bytes that exist for certain: the buffer only grows.
    known: AtomicU64,
}

impl Shared {
    /// Holds `buffer`, for its words, until dropped.
    pub fn words(buffer: &SharedArrayBuffer) -> Self {
        Shared::hold(buffer, true)
    }

    /// Holds `buffer`, for its bytes, until dropped.
    pub fn bytes(buffer: &SharedArrayBuffer) -> Self {
        Shared::hold(buffer, false)
    }

    fn hold(buffer: &SharedArrayBuffer, of_words: bool) -> Self {
        let id = hold(&wasm_bindgen::memory(), buffer, of_words);
        Shared { id, capacity: max_byte_length(id) as u64, known: AtomicU64::new(byte_length(id) as u64) }
    }

    fn grow_to(&self, bytes: u64) -> bool {
        let grown = grow(self.id, bytes as f64);
        self.known.store(byte_length(self.id) as u64, Ordering::Relaxed);
        grown
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        release(self.id);
    }
}

/// Bytes between two growth steps at the least: growing costs a microsecond whatever the step.
const GROWTH: u64 = 1 << 20;

impl Words for Shared {
    fn load(&self, at: u32) -> u32 {
        load(self.id, at as i32) as u32
    }

    fn load_pair(&self, at: u32, radix: u64) -> u64 {
        load_pair(self.id, at as i32, radix as f64) as u64
    }

    fn is_pair(&self, at: u32, value: u64) -> bool {
        is_pair(self.id, at as i32, value as i32, (value >> 32) as i32)
    }

    fn load_many(&self, at: u32, out: &mut [u32]) {
        load_many(self.id, at as i32, out.as_mut_ptr() as i32, out.len() as i32);
    }

    fn load_strided(&self, at: u32, stride: u32, out: &mut [u32]) {
        load_strided(self.id, at as i32, stride as i32, out.as_mut_ptr() as i32, out.len() as i32);
    }

    fn store(&self, at: u32, value: u32) {
        store(self.id, at as i32, value as i32);
    }

    fn stamp(&self, at: u32) {
        stamp(self.id, at as i32);
    }

    fn store_pair(&self, at: u32, lower: u32, upper: u32) {
        store_pair(self.id, at as i32, lower as i32, upper as i32);
    }

    fn compare_exchange(&self, at: u32, current: u32, new: u32) -> u32 {
        compare_exchange(self.id, at as i32, current as i32, new as i32) as u32
    }

    fn add(&self, at: u32, n: u32) -> u32 {
        add(self.id, at as i32, n as i32) as u32
    }

    fn or(&self, at: u32, bits: u32) -> u32 {
        or(self.id, at as i32, bits as i32) as u32
    }

    fn and(&self, at: u32, bits: u32) -> u32 {
        and(self.id, at as i32, bits as i32) as u32
    }

    fn wait(&self, at: u32, expected: u32, timeout: Duration) {
        if can_block() {
            wait(self.id, at as i32, expected as i32, timeout.as_secs_f64() * 1000.0);
        }
    }

    fn notify(&self, at: u32) {
        notify(self.id, at as i32);
    }

    fn copy_out(&self, at: u32, out: &mut [u32]) {
        copy_out(self.id, at as i32, out.as_mut_ptr() as i32, out.len() as i32);
    }

    fn scatter(&self, changes: &[Change]) {
        scatter(self.id, changes.as_ptr() as i32, changes.len() as i32);
    }

    fn load_after(&self, at: u32) -> u32 {
        load_after(self.id, at as i32) as u32
    }

    fn grow(&self, words: u32) -> bool {
        self.grow_to(u64::from(words) * 4)
    }
}

impl Bytes for Shared {
    fn capacity(&self) -> u64 {
        self.capacity
    }

    fn len(&self, enough: u64) -> u64 {
        let known = self.known.load(Ordering::Relaxed);
        if known >= enough {
            return known;
        }
        let now = byte_length(self.id) as u64;
        self.known.store(now, Ordering::Relaxed);
        now
    }

    fn grow(&self, len: u64) -> bool {
        let ahead = len.saturating_add(GROWTH.max(len / 8)).min(self.capacity);
        self.grow_to(ahead.max(len))
    }

    fn read(&self, at: u64, out: &mut [u8]) {
        read(self.id, at as f64, out.as_mut_ptr() as i32, out.len() as i32);
    }

    fn write(&self, at: u64, data: &[u8]) {
        write(self.id, at as f64, data.as_ptr() as i32, data.len() as i32);
    }
}
