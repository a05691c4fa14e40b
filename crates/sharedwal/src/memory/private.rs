//! Bytes that nobody shares: a database image on its way in or out.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::Bytes;

/// Bytes of this program, of a fixed length.
pub struct PrivateBytes(Mutex<Vec<u8>>);

impl PrivateBytes {
    /// These bytes.
    pub fn new(bytes: Vec<u8>) -> Self {
        PrivateBytes(Mutex::new(bytes))
    }

    /// So many zeros; `None` if memory runs out.
    pub fn zeroed(len: u64) -> Option<Self> {
        let len = usize::try_from(len).ok()?;
        let mut bytes = Vec::new();
        bytes.try_reserve_exact(len).ok()?;
        bytes.resize(len, 0);
        Some(PrivateBytes::new(bytes))
    }

    /// Takes the bytes away.
    pub fn take(&self) -> Vec<u8> {
        std::mem::take(&mut *self.bytes())
    }

    fn bytes(&self) -> MutexGuard<'_, Vec<u8>> {
        // Whole between any two statements that could panic.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Bytes for PrivateBytes {
    fn capacity(&self) -> u64 {
        self.bytes().len() as u64
    }

    fn len(&self, _enough: u64) -> u64 {
        self.capacity()
    }

    fn grow(&self, len: u64) -> bool {
        len <= self.capacity()
    }

    fn read(&self, at: u64, out: &mut [u8]) {
        out.copy_from_slice(&self.bytes()[at as usize..][..out.len()]);
    }

    fn write(&self, at: u64, data: &[u8]) {
        self.bytes()[at as usize..][..data.len()].copy_from_slice(data);
    }
}

#[cfg(target_arch = "wasm32")]
pub use view::View;

#[cfg(target_arch = "wasm32")]
mod view {
    use js_sys::Uint8Array;
    use wasm_bindgen::prelude::*;

    use super::Bytes;

    #[wasm_bindgen(module = "/src/memory/shared_array_buffer.js")]
    extern "C" {
        fn hold_view(memory: &JsValue, view: &Uint8Array) -> i32;
        fn release(id: i32);
        fn read(id: i32, at: f64, out: i32, length: i32);
        fn write(id: i32, at: f64, data: i32, length: i32);
    }

    /// Bytes of JavaScript, outside of this instance's memory. They must keep their length.
    pub struct View {
        id: i32,
        length: u64,
    }

    impl View {
        /// Holds `view` until dropped.
        pub fn new(view: &Uint8Array) -> Self {
            // Not `length()`, which has 32 bits.
            let length = js_sys::Reflect::get(view, &"length".into()).ok().and_then(|it| it.as_f64());
            View { id: hold_view(&wasm_bindgen::memory(), view), length: length.unwrap_or_default() as u64 }
        }
    }

    impl Drop for View {
        fn drop(&mut self) {
            release(self.id);
        }
    }

    impl Bytes for View {
        fn capacity(&self) -> u64 {
            self.length
        }

        fn len(&self, _enough: u64) -> u64 {
            self.length
        }

        fn grow(&self, len: u64) -> bool {
            len <= self.length
        }

        fn read(&self, at: u64, out: &mut [u8]) {
            read(self.id, at as f64, out.as_mut_ptr() as i32, out.len() as i32);
        }

        fn write(&self, at: u64, data: &[u8]) {
            write(self.id, at as f64, data.as_ptr() as i32, data.len() as i32);
        }
    }
}
