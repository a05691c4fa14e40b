//! The words of a wal-index, read by SQLite's documented format
//! (<https://sqlite.org/walformat.html#the_wal_index_file_format>) and by nothing of this crate.

use std::ops::RangeInclusive;

/// Words of `WalIndexHdr`, of which there are two copies.
const COPY: usize = 12;
/// Words before the checksum of a copy.
const CHECKED: usize = 10;
/// Which recovery made it: this crate's use of a word that SQLite leaves unused.
const RECOVERY: usize = 1;
const CHANGE_COUNTER: usize = 2;
const MX_FRAME: usize = 4;
const PAGES: usize = 5;
/// Where `WalCkptInfo` begins.
const BACKFILL: usize = 24;
const READ_MARKS: usize = 25;
const LOCK_BYTES: std::ops::Range<usize> = 30..32;
const BACKFILL_ATTEMPTED: usize = 32;
const UNUSED: usize = 33;
const HEADER: usize = 34;

const PAGE_WORDS: usize = 8192;
const ENTRIES: usize = 4096;
const SLOTS: usize = 8192;

/// `READMARK_NOT_USED`.
pub const NOT_USED: u32 = u32::MAX;

/// Whole pages of a wal-index.
#[derive(Clone)]
pub struct WalIndexImage(Vec<u32>);

impl WalIndexImage {
    pub fn new(words: Vec<u32>) -> Self {
        assert!(!words.is_empty() && words.len().is_multiple_of(PAGE_WORDS), "{} words", words.len());
        WalIndexImage(words)
    }

    /// From the file that the unix VFS maps.
    pub fn from_bytes(bytes: &[u8]) -> Self {
        Self::new(bytes.as_chunks().0.iter().map(|bytes| u32::from_ne_bytes(*bytes)).collect())
    }

    pub fn page_count(&self) -> usize {
        self.0.len() / PAGE_WORDS
    }

    /// One copy of the header.
    pub fn copy(&self, number: usize) -> [u32; COPY] {
        self.0[number * COPY..][..COPY].try_into().unwrap()
    }

    pub fn mx_frame(&self) -> u32 {
        self.0[MX_FRAME]
    }

    /// Pages of the database after the last commit.
    pub fn database_pages(&self) -> u32 {
        self.0[PAGES]
    }

    pub fn backfill(&self) -> u32 {
        self.0[BACKFILL]
    }

    pub fn backfill_attempted(&self) -> u32 {
        self.0[BACKFILL_ATTEMPTED]
    }

    pub fn read_marks(&self) -> [u32; 5] {
        self.0[READ_MARKS..][..5].try_into().unwrap()
    }

    /// The words that SQLite leaves alone: the bytes of the locks, and one for later.
    pub fn untouched(&self) -> [u32; 3] {
        [self.0[LOCK_BYTES.start], self.0[LOCK_BYTES.end - 1], self.0[UNUSED]]
    }

    /// Whether a frame after the last commit has an entry: a transaction that is open, or was rolled back.
    pub fn has_entry_after(&self, frame: u32) -> bool {
        page_of(frame + 1) < self.page_count() && self.page_number(frame + 1) != 0
    }

    /// The database page in a frame.
    pub fn page_number(&self, frame: u32) -> u32 {
        let page = page_of(frame);
        let first = if page == 0 { HEADER } else { 0 };
        self.0[page * PAGE_WORDS + first + (frame - frames_before(page) - 1) as usize]
    }

    fn slot(&self, page: usize, slot: usize) -> u32 {
        let halves = self.0[page * PAGE_WORDS + ENTRIES + slot / 2].to_ne_bytes();
        u32::from(u16::from_ne_bytes([halves[slot % 2 * 2], halves[slot % 2 * 2 + 1]]))
    }

    /// The last of `frames` that has the database page, as a reader finds it: `walFindFrame()`.
    pub fn find(&self, database_page: u32, frames: RangeInclusive<u32>) -> Option<u32> {
        if frames.is_empty() {
            return None;
        }
        (page_of(*frames.start())..=page_of(*frames.end())).rev().find_map(|page| {
            let mut found = None;
            let mut slot = database_page as usize * 383 % SLOTS;
            for _ in 0..SLOTS {
                let entry = self.slot(page, slot);
                if entry == 0 {
                    return found;
                }
                let frame = frames_before(page) + entry;
                if frames.contains(&frame) && self.page_number(frame) == database_page {
                    found = Some(frame);
                }
                slot = (slot + 1) % SLOTS;
            }
            panic!("the hash table of wal-index page {page} has no end")
        })
    }
}

fn page_of(frame: u32) -> usize {
    (frame as usize + HEADER - 1) / ENTRIES
}

fn frames_before(page: usize) -> u32 {
    (page * ENTRIES).saturating_sub(HEADER) as u32
}

/// A header as it would be if the change counter had started from zero; its checksum must be right.
pub fn without_counters(mut copy: [u32; COPY]) -> [u32; COPY] {
    assert_eq!(copy[CHECKED..], checksum(&copy), "the checksum of a wal-index header");
    copy[RECOVERY] = 0;
    copy[CHANGE_COUNTER] = 0;
    let checksum = checksum(&copy);
    copy[CHECKED..].copy_from_slice(&checksum);
    copy
}

/// `walChecksumBytes()` in native byte order.
fn checksum(copy: &[u32; COPY]) -> [u32; 2] {
    copy[..CHECKED].as_chunks().0.iter().fold([0, 0], |[a, b]: [u32; 2], [x, y]: &[u32; 2]| {
        let a = a.wrapping_add(*x).wrapping_add(b);
        [a, b.wrapping_add(*y).wrapping_add(a)]
    })
}
