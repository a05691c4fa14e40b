//! One connection's private copy of the wal-index, and how it stays coherent with the others'.
//!
//! SQLite wants a pointer into its own memory (`xShmMap`) and writes through it without telling.
//! So each connection has a copy, and at the points where SQLite's own protocol expects other
//! processes' stores to become visible, [`WalIndex::sync`] publishes the words that changed here
//! and refreshes the copy from the shared words. `docs/design.md` has the rules and their proofs.

mod changes;
mod page;

use std::sync::Arc;
use std::time::Duration;

use crate::injection::{Mutation, Point};
use crate::layout::{
    ATTACHED, HEADER, HEADER_WORDS, INDEX_MAX_PAGES, INDEX_PAGE_WORDS, INDEX_PAGES, SLOT_WORDS,
    index_generation,
};
use crate::memory::{Change, Words};
use crate::ordered_section::{self, Section, Stalled, Version};
use changes::Changed;
#[cfg(test)]
use page::page_of;
use page::{HEADER_LEN, PAGE_LEN, Page, first_entry, frames_before, room};

/// Words of one `WalIndexHdr`; the second copy follows the first.
const COPY_LEN: usize = 12;
/// `WalIndexHdr.unused`, which says here by which recovery the header was made.
const RECOVERY: usize = 1;
/// `WalIndexHdr.iChange`.
const CHANGE: usize = 2;
/// `WalIndexHdr.szPage`, in the upper half.
const PAGE_SIZE: usize = 3;
/// `WalIndexHdr.mxFrame`.
const MX_FRAME: usize = 4;
/// `WalIndexHdr.aSalt`.
const SALT: std::ops::Range<usize> = 8..10;
/// `WalIndexHdr.aCksum`, of all words before it.
const CHECKSUM: std::ops::Range<usize> = 10..12;

/// Frames appended by others that are taken one by one; from more on the page is copied.
const MOST_APPENDED: usize = 128;

/// SQLite's checksum of one copy of the header (`walChecksumBytes()`).
fn checksum(header: &[u32]) -> [u32; 2] {
    let pairs = header[..CHECKSUM.start].chunks_exact(2);
    pairs.fold([0, 0], |[a, b]: [u32; 2], pair| {
        let a = a.wrapping_add(pair[0]).wrapping_add(b);
        [a, b.wrapping_add(pair[1]).wrapping_add(a)]
    })
}

/// Finds the entries that others appended to a page. True if there are too many.
fn appended_to(index: &dyn Words, number: usize, page: &Page, entries: &mut Vec<u32>) -> bool {
    entries.clear();
    let base = number * PAGE_LEN + first_entry(number);
    let mut at = page.frames as usize;
    let end = (at + MOST_APPENDED).min(room(number) as usize);
    let mut piece = [0; 8];
    while at < end && index.load((base + at) as u32) != 0 {
        let piece = &mut piece[..(end - at).min(8)];
        index.copy_out((base + at) as u32, piece);
        entries.extend(piece.iter().take_while(|entry| **entry != 0));
        at += piece.len();
    }
    entries.len() == MOST_APPENDED
}

/// What a connection may have changed since its last sync, as its locks tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holding {
    /// Neither WRITE nor the file's EXCLUSIVE: the header words alone.
    Nothing,
    /// WRITE: frames may have been appended, or taken back.
    Write,
    /// RECOVER, or the file's EXCLUSIVE: any word.
    Everything,
}

/// The private copy of one connection.
pub struct WalIndex {
    control: Arc<dyn Words>,
    index: Arc<dyn Words>,
    slot: u32,
    pages: Vec<Page>,
    /// The header words as this connection last saw them shared.
    shadow: [u32; HEADER_LEN],
    seen: Version,
    /// Whether the last sync did not come through.
    stalled: bool,
    /// Whether both header copies of a commit are published at the barrier between them.
    early_completion: bool,
}

/// Both header copies of a commit are published at once. Publishing them one by one, as SQLite
/// stores them, is correct as well and slower; the stress runs do both.
#[cfg(not(test))]
const fn early_completion() -> bool {
    true
}

#[cfg(test)]
pub static EARLY_COMPLETION: std::sync::atomic::AtomicBool = std::sync::atomic::AtomicBool::new(true);

#[cfg(test)]
fn early_completion() -> bool {
    EARLY_COMPLETION.load(std::sync::atomic::Ordering::SeqCst)
}

/// No room for another wal-index page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MapError {
    /// The wal-index has all the pages it can have.
    Full,
    /// The ordered section could not be entered.
    Stalled,
}

impl From<Stalled> for MapError {
    fn from(_: Stalled) -> Self {
        MapError::Stalled
    }
}

impl WalIndex {
    /// Attaches `slot` to the wal-index. The first one attached finds it all zero, as SQLite's
    /// own wal-index file is truncated by the first to open it.
    pub fn attach(
        control: Arc<dyn Words>,
        index: Arc<dyn Words>,
        slot: u32,
        patience: Duration,
    ) -> Result<Self, Stalled> {
        let nobody = || {
            let mut attached = [0; SLOT_WORDS as usize];
            control.load_many(ATTACHED, &mut attached);
            attached.iter().all(|word| *word == 0)
        };
        let early = Mutation::LookedBeforeSection.is_on().then(|| (nobody(), std::thread::yield_now()).0);
        let mut section = Section::enter(control.as_ref(), slot, patience)?;
        let first = early.unwrap_or_else(nobody) && !Mutation::NobodyZeroes.is_on();
        if first || Mutation::EverybodyZeroes.is_on() {
            section.open();
            // Whatever is said of its length, what exists is zeroed.
            let pages = control.load(INDEX_PAGES).min(INDEX_MAX_PAGES);
            let pages =
                (0..pages).take_while(|page| index.grow((page + 1) * INDEX_PAGE_WORDS)).count() as u32;
            for page in 0..pages {
                control.add(index_generation(page), 1);
            }
            let zeros = |from: u32, count: u32| -> Vec<Change> {
                (from..from + count).map(|at| Change { at, value: 0 }).collect()
            };
            control.scatter(&zeros(HEADER, HEADER_WORDS));
            for page in 0..pages {
                index.scatter(&zeros(page * INDEX_PAGE_WORDS, INDEX_PAGE_WORDS));
            }
            control.store(INDEX_PAGES, 0);
            Point::Zeroed.pass();
        }
        control.or(ATTACHED + slot / 32, 1 << (slot % 32));
        drop(section);
        Ok(WalIndex {
            control,
            index,
            slot,
            pages: Vec::new(),
            shadow: [0; HEADER_LEN],
            seen: Version::default(),
            stalled: false,
            early_completion: early_completion(),
        })
    }

    /// Detaches: publishes what is left, then lets the next first attacher zero the wal-index.
    pub fn detach(mut self, holding: Holding) -> Result<(), Stalled> {
        let published = self.publish(holding);
        self.control.and(ATTACHED + self.slot / 32, !(1 << (self.slot % 32)));
        published
    }

    /// Whether all that this connection did to the header is shared.
    pub fn is_published(&self) -> bool {
        self.pages.first().is_none_or(|page| page.fresh || page.words()[..HEADER_LEN] == self.shadow)
    }

    /// A pointer to a page of 32 KiB; null if it does not exist yet and `extend` is false.
    pub fn map(&mut self, page: u32, extend: bool, holding: Holding) -> Result<*mut u32, MapError> {
        if page >= INDEX_MAX_PAGES {
            return Err(MapError::Full);
        }
        if page as usize >= self.pages.len() {
            let exists = page < self.control.load(INDEX_PAGES);
            if !exists && !extend {
                return Ok(std::ptr::null_mut());
            }
            // Whatever is said of its length, only what exists is copied.
            if !self.index.grow((page + 1) * INDEX_PAGE_WORDS) {
                return Err(MapError::Full);
            }
            if !exists {
                let _section = Section::enter(self.control.as_ref(), self.slot, self.patience())?;
                if self.control.load(INDEX_PAGES) <= page {
                    self.control.store(INDEX_PAGES, page + 1);
                }
            }
            while self.pages.len() <= page as usize {
                self.pages.push(Page::new());
            }
        }
        self.sync(holding)?;
        Ok(self.pages[page as usize].address())
    }

    /// Publishes what this connection changed, then refreshes its copy. `holding` is what it held
    /// up to now: a lock taken since has changed nothing yet.
    pub fn sync(&mut self, holding: Holding) -> Result<(), Stalled> {
        let synced = self.publish(holding).and_then(|()| self.refresh());
        self.stalled = synced.is_err();
        synced
    }

    /// How long to wait for the ordered section. SQLite tries a hundred times what fails, so after
    /// one long wait in vain the next ones are short, until one succeeds.
    fn patience(&self) -> Duration {
        if self.stalled { Duration::ZERO } else { ordered_section::patience() }
    }

    /// SQLite's memory barrier. Without a lock there is nothing to publish, and refreshing would
    /// make the reader's two looks at the header differ; with one it is a sync.
    pub fn barrier(&mut self, holding: Holding, locked: bool) -> Result<(), Stalled> {
        if !locked && !Mutation::LocklessBarrierRefreshes.is_on() {
            return Ok(());
        }
        if self.early_completion && holding == Holding::Write {
            self.complete_commit();
        }
        self.sync(holding)
    }

    /// Between SQLite's stores of the two header copies: if they tell of a commit, completes the
    /// other one, as SQLite does next. Only for a commit (same salts, more frames): in a restart
    /// header the read marks and nBackfill must become visible together with copy 0.
    fn complete_commit(&mut self) {
        let Some(page) = self.pages.first_mut() else { return };
        let (old, rest) = page.words_mut().split_at_mut(COPY_LEN);
        let new = &rest[..COPY_LEN];
        let commit = old[SALT] == new[SALT] && new[MX_FRAME] > old[MX_FRAME];
        if old != new && (commit || Mutation::RestartCompleted.is_on()) {
            old.copy_from_slice(new);
        }
    }

    /// Has a recovered header say by which recovery. Of an empty log every recovery makes the same one, and
    /// a connection that saw it before would take the pages in its cache for those of today.
    pub fn name_recovery(&mut self, recovery: u32) {
        let Some(page) = self.pages.first_mut() else { return };
        let (one, rest) = page.words_mut().split_at_mut(COPY_LEN);
        let other = &mut rest[..COPY_LEN];
        // Else the recovery failed.
        if one == other && one[CHECKSUM] == checksum(one) {
            one[RECOVERY] = recovery;
            let sum = checksum(one);
            one[CHECKSUM].copy_from_slice(&sum);
            other.copy_from_slice(one);
        }
    }

    /// The page size in the header, in bytes; 0 if that was never written.
    pub fn page_size(&self) -> u32 {
        // SQLite keeps it in 16 bits, with 65536 as 1.
        let size = self.pages.first().map_or(0, |page| page.words()[PAGE_SIZE] >> 16);
        size & 0xfe00 | (size & 1) << 16
    }

    /// Another number after each commit in the log (`iChange`).
    pub fn commits(&self) -> u32 {
        self.pages.first().map_or(0, |page| page.words()[CHANGE])
    }

    /// Stores the words that differ from what this connection last saw.
    fn publish(&mut self, holding: Holding) -> Result<(), Stalled> {
        let Some(first) = self.pages.first() else { return Ok(()) };
        if first.fresh {
            return Ok(());
        }
        let header = &first.words()[..HEADER_LEN];
        // Not by `==`, which is a call that compares byte by byte in wasm.
        let differs = header.iter().zip(&self.shadow).fold(0, |all, (new, old)| all | (new ^ old)) != 0;
        if !differs && (holding == Holding::Nothing || Mutation::EqualHeaderSkipped.is_on()) {
            return Ok(());
        }
        let mut changed_header = [Change { at: 0, value: 0 }; HEADER_LEN];
        let mut count = 0;
        if differs {
            for (at, (new, old)) in header.iter().zip(&self.shadow).enumerate() {
                if new != old || Mutation::WholeHeaderPublished.is_on() {
                    changed_header[count] = Change { at: HEADER + at as u32, value: *new };
                    count += 1;
                }
            }
        }
        let changed_header = &changed_header[..count];
        let changed_pages = match holding {
            Holding::Nothing => Vec::new(),
            Holding::Write => self.written(),
            Holding::Everything => {
                let all = |page| Changed { page, changes: self.differences(page), appended: false };
                self.copied().map(all).collect()
            }
        };
        if changed_header.is_empty() && changed_pages.iter().all(|it| it.changes.is_empty()) {
            return Ok(());
        }

        let mut section = Section::enter(self.control.as_ref(), self.slot, self.patience())?;
        section.open();
        for Changed { page, changes, appended } in &changed_pages {
            // Before the first word, so that nobody takes the page for one that only got longer. Also when
            // its first frames are committed and it has their words already, left by somebody before: others
            // may have different ones from then, and none looks for frames behind a page that was not full.
            let newest = self.pages[0].words()[MX_FRAME];
            let entered =
                !appended && newest > frames_before(*page) && !Mutation::EnteredWithSameGeneration.is_on();
            let replaced = !changes.is_empty() && (!appended || Mutation::OnlyAppendedPublished.is_on());
            if entered || replaced {
                let bump = u32::from(!Mutation::SameGeneration.is_on());
                let was = self.control.add(index_generation(*page as u32), bump);
                if was == self.pages[*page].generation {
                    self.pages[*page].generation = was.wrapping_add(bump);
                }
            }
            if !changes.is_empty() {
                self.index.scatter(changes);
            }
        }
        self.control.scatter(changed_header);
        // What others published since this connection looked is still to be refreshed.
        if section.before() == self.seen || Mutation::OwnPublishHidesOthers.is_on() {
            self.seen = section.after();
        }
        drop(section);
        self.shadow.copy_from_slice(&self.pages[0].words()[..HEADER_LEN]);
        for Changed { page, changes, .. } in &changed_pages {
            if !changes.is_empty() {
                self.count_frames(*page);
            }
        }
        #[cfg(all(test, not(target_arch = "wasm32")))]
        if crate::tests::mortal::is_dead() {
            return Ok(());
        }
        #[cfg(debug_assertions)]
        if holding != Holding::Nothing {
            for page in 0..self.reached() {
                let count = self.differences(page).len();
                assert_eq!(count, 0, "words of wal-index page {page} that were not published");
            }
        }
        Ok(())
    }

    /// Copies what others published. Words of this connection's own were published before, so a page
    /// whose generation is not the one it has was changed by somebody else. Frames that were appended
    /// change no generation: they are found by their entries, and there is one page where they can be.
    fn refresh(&mut self) -> Result<(), Stalled> {
        let Some(last) = self.pages.last() else { return Ok(()) };
        if !last.fresh && ordered_section::is(self.control.as_ref(), self.seen) {
            return Ok(());
        }
        let patience = self.patience();
        let mut header = [0; HEADER_LEN];
        let mut generations = vec![0; self.pages.len()];
        let (control, index, pages) = (self.control.as_ref(), self.index.as_ref(), &mut self.pages);
        let mut copied = vec![false; pages.len()];
        let open = pages.iter().enumerate().position(|(number, page)| page.frames < room(number));
        let mut appended = Vec::new();
        self.seen = ordered_section::read(control, self.slot, patience, || {
            control.copy_out(HEADER, &mut header);
            control.copy_out(index_generation(0), &mut generations);
            let overfull = open.filter(|open| {
                let page = &pages[*open];
                let intact = !page.fresh && !copied[*open] && page.generation == generations[*open];
                intact && !Mutation::AppendedNotSeen.is_on() && appended_to(index, *open, page, &mut appended)
            });
            for (number, page) in pages.iter_mut().enumerate() {
                let changed = page.generation != generations[number] || Some(number) == overfull;
                if page.fresh || copied[number] || changed {
                    let first = first_entry(number);
                    index.copy_out((number * PAGE_LEN + first) as u32, &mut page.words_mut()[first..]);
                    copied[number] = true;
                }
            }
        })?;
        self.pages[0].words_mut()[..HEADER_LEN].copy_from_slice(&header);
        self.shadow = header;
        for number in 0..self.pages.len() {
            if copied[number] {
                self.pages[number].generation = generations[number];
                self.pages[number].fresh = false;
                self.count_frames(number);
            } else if Some(number) == open {
                appended.iter().for_each(|entry| self.pages[number].append(number, *entry));
            }
        }
        Ok(())
    }

    /// The first word in which this copy differs from the shared words, in the pages that have
    /// entries of committed frames.
    #[cfg(test)]
    pub fn difference_from_shared(&self) -> Option<String> {
        let pages = 1 + page_of(self.pages[0].words()[MX_FRAME].max(1));
        self.pages.iter().take(pages).enumerate().find_map(|(number, page)| {
            let mut shared = vec![0; PAGE_LEN];
            self.index.copy_out((number * PAGE_LEN) as u32, &mut shared);
            if number == 0 {
                self.control.copy_out(HEADER, &mut shared[..HEADER_LEN]);
            }
            let at = page.words().iter().zip(&shared).position(|(private, shared)| private != shared)?;
            Some(format!("page {number} word {at}: {} here, {} shared", page.words()[at], shared[at]))
        })
    }

    #[cfg(test)]
    pub fn set_early_completion(&mut self, early_completion: bool) {
        self.early_completion = early_completion;
    }

    /// Pages that are mapped here.
    #[cfg(test)]
    pub fn page_count(&self) -> usize {
        self.pages.len()
    }
}
