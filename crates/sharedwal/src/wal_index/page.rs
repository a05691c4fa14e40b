//! A page of the private copy, and where SQLite has what in it.

use std::alloc::{Layout, alloc_zeroed, dealloc, handle_alloc_error};
use std::ptr::NonNull;

use crate::injection::Mutation;
use crate::layout::{HEADER_WORDS, INDEX_PAGE_BYTES, INDEX_PAGE_WORDS};

pub(super) const HEADER_LEN: usize = HEADER_WORDS as usize;
pub(super) const PAGE_LEN: usize = INDEX_PAGE_WORDS as usize;

/// Frames that a wal-index page has room for; the first has the header in front of them.
const FRAMES: u32 = 4096;
const FRAMES_FIRST: u32 = FRAMES - HEADER_WORDS;
/// Where a page's hash slots begin, in words: 8192 slots of 16 bits.
pub(super) const HASH: usize = 4096;
pub(super) const HASH_SLOTS: u32 = 8192;

/// A private page of the wal-index at an address that does not move.
pub(super) struct Page {
    words: NonNull<u32>,
    /// The shared generation that this copy is of.
    pub(super) generation: u32,
    /// Frames whose page numbers stood here after the last sync.
    pub(super) frames: u32,
    /// Mapped, and not yet copied from the shared words.
    pub(super) fresh: bool,
    /// By numbers of database pages modulo their count: the number, and the hash slot of its last frame
    /// that was published from here. Where to look first, and no more.
    pub(super) last_slots: [(u32, u32); LAST_SLOTS],
}

pub(super) const LAST_SLOTS: usize = 16;

const PAGE_LAYOUT: Layout = match Layout::from_size_align(INDEX_PAGE_BYTES as usize, 8) {
    Ok(layout) => layout,
    Err(_) => panic!("a page has a valid layout"),
};

impl Page {
    pub(super) fn new() -> Page {
        // SAFETY: the layout has a size above zero.
        let Some(words) = NonNull::new(unsafe { alloc_zeroed(PAGE_LAYOUT) }) else {
            handle_alloc_error(PAGE_LAYOUT)
        };
        let fresh = !Mutation::NewPageNotCopied.is_on();
        Page { words: words.cast(), generation: 0, frames: 0, fresh, last_slots: [(0, 0); LAST_SLOTS] }
    }

    /// What SQLite gets.
    pub(super) fn address(&self) -> *mut u32 {
        self.words.as_ptr()
    }

    pub(super) fn words(&self) -> &[u32] {
        // SAFETY: allocated with this length; SQLite writes to it only while no call into this
        // module is running, since both happen in the thread that uses the connection.
        unsafe { std::slice::from_raw_parts(self.words.as_ptr(), PAGE_LEN) }
    }

    pub(super) fn words_mut(&mut self) -> &mut [u32] {
        // SAFETY: as in `words`, and `&mut self` excludes another slice from here.
        unsafe { std::slice::from_raw_parts_mut(self.words.as_ptr(), PAGE_LEN) }
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        // SAFETY: allocated with this layout in `new`.
        unsafe { dealloc(self.words.as_ptr().cast(), PAGE_LAYOUT) };
    }
}

/// Where the page numbers of a page begin, in words.
pub(super) fn first_entry(page: usize) -> usize {
    if page == 0 { HEADER_LEN } else { 0 }
}

/// Frames before the first of a page.
pub(super) fn frames_before(page: usize) -> u32 {
    if page == 0 { 0 } else { FRAMES_FIRST + (page as u32 - 1) * FRAMES }
}

/// Frames that a page has room for.
pub(super) fn room(page: usize) -> u32 {
    if page == 0 { FRAMES_FIRST } else { FRAMES }
}

/// The page that has a frame's entry; frames count from 1.
pub(super) fn page_of(frame: u32) -> usize {
    (frame.saturating_add(HEADER_WORDS - 1) / FRAMES) as usize
}
