//! Memory of this instance for parameters that JavaScript writes.

use std::alloc::Layout;

use wasm_bindgen::prelude::*;

const ALIGN: usize = 8;

/// `bytes` of memory; 0 when it is exhausted.
#[wasm_bindgen]
pub fn alloc(bytes: usize) -> *mut u8 {
    match Layout::from_size_align(bytes.max(1), ALIGN) {
        // SAFETY: the size is not zero.
        Ok(layout) => unsafe { std::alloc::alloc(layout) },
        Err(_) => std::ptr::null_mut(),
    }
}

/// Gives back what [`alloc`] returned for as many bytes.
#[wasm_bindgen]
pub fn free(pointer: *mut u8, bytes: usize) {
    if let Ok(layout) = Layout::from_size_align(bytes.max(1), ALIGN)
        && !pointer.is_null()
    {
        // SAFETY: the caller got it from `alloc` with this size.
        unsafe { std::alloc::dealloc(pointer, layout) };
    }
}

/// # Safety
/// `pointer` must have `length` readable bytes for as long as the slice is used.
pub unsafe fn bytes<'a>(pointer: *const u8, length: usize) -> &'a [u8] {
    if length == 0 {
        return &[];
    }
    // SAFETY: as the caller promises.
    unsafe { std::slice::from_raw_parts(pointer, length) }
}
