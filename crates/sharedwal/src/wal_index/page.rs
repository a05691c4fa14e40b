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
const HASH: usize = 4096;
const HASH_SLOTS: u32 = 8192;
/// How many database pages a page remembers slots of.
const LAST_SLOTS: usize = 16;

/// A private page of the wal-index at an address that does not move.
pub(super) struct Page {
    words: NonNull<u32>,
    /// The shared generation that this copy is of.
    pub(super) generation: u32,
    /// Frames whose page numbers stood here after the last sync.
    pub(super) frames: u32,
    /// Mapped, and not yet copied from the shared words.
    pub(super) fresh: bool,
    /// By numbers of database pages modulo their count: the number, and the slot of its last frame that
    /// was looked for. It may have been emptied, and taken by another, since.
    last_slots: [(u32, HashSlot); LAST_SLOTS],
}

/// A hash slot. It is empty, 0, or has the number of an entry, counted from 1.
#[derive(Debug, Clone, Copy)]
pub(super) struct HashSlot(u32);

impl HashSlot {
    /// SQLite's walHash().
    fn first(number: u32) -> HashSlot {
        HashSlot(number.wrapping_mul(383) & (HASH_SLOTS - 1))
    }

    /// This one and all others, as by SQLite's walNextHash().
    fn on(self) -> impl Iterator<Item = HashSlot> {
        (0..HASH_SLOTS).map(move |step| HashSlot((self.0 + step) & (HASH_SLOTS - 1)))
    }

    /// The word of the page that it is half of.
    pub(super) fn word(self) -> usize {
        HASH + (self.0 / 2) as usize
    }

    fn half(self) -> usize {
        (self.0 % 2) as usize * 2
    }

    fn get(self, words: &[u32]) -> u32 {
        let halves = words[self.word()].to_ne_bytes();
        u32::from(u16::from_ne_bytes([halves[self.half()], halves[self.half() + 1]]))
    }

    fn set(self, words: &mut [u32], entry: u16) {
        let mut halves = words[self.word()].to_ne_bytes();
        halves[self.half()..][..2].copy_from_slice(&entry.to_ne_bytes());
        words[self.word()] = u32::from_ne_bytes(halves);
    }
}

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
        Page {
            words: words.cast(),
            generation: 0,
            frames: 0,
            fresh,
            last_slots: [(0, HashSlot(0)); LAST_SLOTS],
        }
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

    /// The slot of an entry, counted from 0, of this page, which is the wal-index's page `page`.
    ///
    /// The entries of one database page make a chain, and the newest is at its end: looked for from where
    /// the one before was.
    pub(super) fn slot_of(&mut self, page: usize, entry: u32) -> Option<HashSlot> {
        let number = self.words()[first_entry(page) + entry as usize];
        let slot = self.start(page, number).on().find(|slot| slot.get(self.words()) == entry + 1)?;
        self.last_slots[number as usize % LAST_SLOTS] = (number, slot);
        Some(slot)
    }

    /// Appends the entry of a frame, as SQLite's walIndexAppend() did it elsewhere to the same page.
    pub(super) fn append(&mut self, page: usize, number: u32) {
        let entry = self.frames;
        if let Some(slot) = self.start(page, number).on().find(|slot| slot.get(self.words()) == 0) {
            self.words_mut()[first_entry(page) + entry as usize] = number;
            if !Mutation::AppendedWithoutSlot.is_on() {
                slot.set(self.words_mut(), entry as u16 + 1);
            }
            self.last_slots[number as usize % LAST_SLOTS] = (number, slot);
            self.frames = entry + 1;
        }
    }

    /// Where in the chain of a database page to begin. While the entry stands that was found there, all
    /// slots before it are taken, since only the newest entries are ever removed.
    fn start(&self, page: usize, number: u32) -> HashSlot {
        let (known, slot) = self.last_slots[number as usize % LAST_SLOTS];
        let entry = slot.get(self.words());
        let stands = known == number
            && (1..=room(page)).contains(&entry)
            && self.words()[first_entry(page) + entry as usize - 1] == number;
        if stands { slot } else { HashSlot::first(number) }
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
