//! What a connection can have changed in its copy since its last sync. Comparing whole pages each time
//! would cost more than a commit does, and is done where the locks held, or the entries, say so.

use super::page::{PAGE_LEN, first_entry, frames_before, page_of, room};
use super::{MX_FRAME, WalIndex};
use crate::injection::Mutation;
use crate::memory::Change;

/// What is to be published of one page.
pub(super) struct Changed {
    pub(super) page: usize,
    pub(super) changes: Vec<Change>,
    /// Whether these are frames appended to what was there: others make the rest of it themselves.
    pub(super) appended: bool,
}

impl WalIndex {
    /// The pages that were copied since they were mapped: only these can have been changed.
    pub(super) fn copied(&self) -> std::ops::Range<usize> {
        0..self.pages.partition_point(|page| !page.fresh)
    }

    /// The changes that the holder of WRITE can have made: frames appended after the committed
    /// ones, or frames of its own taken back. Entries of committed frames never change.
    pub(super) fn written(&mut self) -> Vec<Changed> {
        let committed = self.shadow[MX_FRAME].min(self.pages[0].words()[MX_FRAME]);
        let mut changed = Vec::new();
        for page in self.copied().skip(page_of(committed.max(1))) {
            let words = self.pages[page].words();
            let start = committed.saturating_sub(frames_before(page));
            let known = self.pages[page].frames;
            let entries = &words[first_entry(page)..][..room(page) as usize];
            // A page without a committed frame may hold what a writer left that died: a few frames of
            // a transaction, or half of their removal.
            let kept = self.kept(page, start, known) || Mutation::OnlyAppendedPublished.is_on();
            let is_full = entries[room(page) as usize - 1] != 0;
            let appended = start > 0 && kept;
            let changes = if appended {
                let count = entries[known as usize..].iter().take_while(|entry| **entry != 0).count();
                self.appended(page, known, count as u32)
            } else {
                self.differences(page)
            };
            changed.push(Changed { page, changes, appended });
            // The next page can have been reached only through the last entry of this one. If a
            // transaction went back from there, SQLite clears what it left before the next use.
            if !is_full {
                break;
            }
        }
        changed
    }

    /// Pages up to the last that holds entries of frames, those of an open transaction included.
    #[cfg(debug_assertions)]
    pub(super) fn reached(&self) -> usize {
        let copied = self.copied().end;
        let last = page_of(self.pages[0].words()[MX_FRAME].max(1));
        let not_full = |page: &usize| {
            let last_entry = first_entry(*page) + room(*page) as usize - 1;
            self.pages[*page].words()[last_entry] == 0
        };
        (last..copied).find(not_full).map_or(copied, |page| page + 1)
    }

    /// Whether the entries of the frames `start..known` of a page are as they are shared.
    pub(super) fn kept(&self, page: usize, start: u32, known: u32) -> bool {
        if start >= known {
            return true;
        }
        let first = first_entry(page) + start as usize;
        let count = (known - start) as usize;
        let mut shared = vec![0; count];
        self.index.copy_out((page * PAGE_LEN + first) as u32, &mut shared);
        self.pages[page].words()[first..][..count] == *shared
    }

    /// The entries and hash slots of `count` frames appended after the first `known` of a page.
    fn appended(&mut self, page: usize, known: u32, count: u32) -> Vec<Change> {
        let mut changes = Vec::with_capacity(count as usize * 2);
        for entry in known..known + count {
            let at = first_entry(page) + entry as usize;
            let slot = self.pages[page].slot_of(page, entry);
            let words = self.pages[page].words();
            let change = |at: usize| Change { at: (page * PAGE_LEN + at) as u32, value: words[at] };
            changes.push(change(at));
            changes.extend(slot.map(|slot| change(slot.word())));
        }
        changes
    }

    /// Every word of a page, but the header, that is not as it is shared.
    pub(super) fn differences(&self, page: usize) -> Vec<Change> {
        let first = first_entry(page);
        let base = (page * PAGE_LEN) as u32;
        let mut shared = vec![0; PAGE_LEN - first];
        self.index.copy_out(base + first as u32, &mut shared);
        let private = &self.pages[page].words()[first..];
        let pairs = private.iter().zip(&shared).enumerate();
        pairs
            .filter(|(_, (private, shared))| private != shared)
            .map(|(at, (private, _))| Change { at: base + (first + at) as u32, value: *private })
            .collect()
    }

    /// Finds how many entries a page has: they stand without a gap from its beginning.
    pub(super) fn count_frames(&mut self, page: usize) {
        let entries = &self.pages[page].words()[first_entry(page)..][..room(page) as usize];
        self.pages[page].frames = entries.partition_point(|entry| *entry != 0) as u32;
    }
}
