//! A file in shared memory: segments of bytes, and a size in the control block.
//!
//! Who reads and who writes when is SQLite's business: it excludes a writer from readers of the
//! same bytes by its locks, as on a disk.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use crate::injection::{Mutation, Point};
use crate::layout::{SIZE_UNIT, file_states, file_word};
use crate::memory::{Bytes, Words};

/// The file has reached its capacity, or the system refuses more memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Full;

/// How many segments of a file there are, by what they are used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SegmentCounts {
    /// Segments that have taken memory. It goes back to the system with the runtime alone.
    pub allocated: usize,
    /// Those of them that have bytes of the file.
    pub active: usize,
    /// The others: the file became shorter, or has not reached them yet, and grows into them
    /// before it takes any more memory.
    pub reclaimed: usize,
}

/// A growable file. Cheap to clone the parts of; all clones are the same file.
pub struct SharedFile {
    control: Arc<dyn Words>,
    words: u32,
    segments: Vec<Arc<dyn Bytes>>,
    /// Bytes of every segment but the last, which may be shorter.
    segment_bytes: u64,
    capacity: u64,
    /// Up to here all segments have bytes for certain: they only grow.
    reserved: AtomicU64,
}

impl SharedFile {
    /// A file over `segments`, whose size stands at `words` of the control block.
    pub fn new(control: Arc<dyn Words>, words: u32, segments: Vec<Arc<dyn Bytes>>) -> Self {
        let segment_bytes = segments.first().map_or(1, |segment| segment.capacity()).max(1);
        let capacity = segments.iter().map(|segment| segment.capacity()).sum();
        SharedFile { control, words, segments, segment_bytes, capacity, reserved: AtomicU64::new(0) }
    }

    /// Bytes that the file can hold.
    pub fn capacity(&self) -> u64 {
        self.capacity
    }

    /// Bytes in the file, never more than its segments have.
    ///
    /// The two words of the size are not changed at once. Who looks in between, or at what a
    /// writer left that died in between, sees a size that is too large by less than a unit, but
    /// never one below what was complete before: the tail is loaded first and stored last.
    pub fn size(&self) -> u64 {
        self.control.load_pair(self.words + file_word::TAIL, SIZE_UNIT).min(self.capacity)
    }

    fn set_size(&self, size: u64) {
        let (tail, units) = ((size % SIZE_UNIT) as u32, (size / SIZE_UNIT) as u32);
        self.control.store_pair(self.words + file_word::TAIL, tail, units);
    }

    /// Whether the file was written to or created, and not deleted since.
    pub fn exists(&self) -> bool {
        self.control.load(self.words + file_word::EXISTS) == file_states::EXISTS
    }

    /// Makes the file exist.
    pub fn create(&self) {
        self.control.store(self.words + file_word::EXISTS, file_states::EXISTS);
    }

    /// Has the file exist with the first `size` bytes that its segments have already.
    pub fn adopt(&self, size: u64) {
        self.set_size(size);
        self.create();
    }

    /// Claims a file that does not exist, for one caller alone to create it.
    pub fn claim(&self) -> bool {
        let word = self.words + file_word::EXISTS;
        let (absent, claimed) = (file_states::ABSENT, file_states::CLAIMED);
        self.control.compare_exchange(word, absent, claimed) == absent
    }

    /// Empties the file and makes it not exist.
    pub fn delete(&self) {
        // Emptied first: as soon as it does not exist, somebody may create it anew.
        self.set_size(0);
        self.control.store(self.words + file_word::EXISTS, file_states::ABSENT);
    }

    /// What its segments are used for at this moment.
    pub fn segments(&self) -> SegmentCounts {
        let allocated = self.segments.iter().filter(|segment| segment.len(1) > 0).count();
        // All segments but the last are of one size, and none that has bytes of the file is empty.
        let active = (self.size().div_ceil(self.segment_bytes) as usize).min(allocated);
        SegmentCounts { allocated, active, reclaimed: allocated - active }
    }

    /// Bytes that its segments have.
    #[cfg(test)]
    pub fn reserved(&self) -> u64 {
        self.segments.iter().map(|segment| segment.len(u64::MAX)).sum()
    }

    /// Reads what is there from `at` on; returns how many bytes that was and fills the rest with
    /// zeros.
    pub fn read(&self, at: u64, out: &mut [u8]) -> usize {
        let available = self.size().saturating_sub(at).min(out.len() as u64) as usize;
        let (there, beyond) = out.split_at_mut(available);
        beyond.fill(0);
        self.pieces(at, available, |segment, offset, piece| {
            // A size from a torn update may lie past the bytes that exist.
            let out = &mut there[piece];
            let existing =
                segment.len(offset + out.len() as u64).saturating_sub(offset).min(out.len() as u64) as usize;
            if existing > 0 {
                segment.read(offset, &mut out[..existing]);
            }
            out[existing..].fill(0);
            Ok(())
        })
        .map_or(0, |()| available)
    }

    /// Writes `data` at `at` and grows the file where needed; on [`Full`] its size is as before.
    /// What lies between the old end and `at` reads as zeros.
    pub fn write(&self, at: u64, data: &[u8]) -> Result<(), Full> {
        let end = at.checked_add(data.len() as u64).filter(|end| *end <= self.capacity).ok_or(Full)?;
        let size = self.size();
        // Also below the size, which may be another's that says too much.
        self.reserve(end)?;
        if at > size {
            self.zero(size, at)?;
        }
        if end > size && Mutation::SizeBeforeBytes.is_on() {
            self.set_size(end);
        }
        self.pieces(at, data.len(), |segment, offset, piece| {
            segment.write(offset, &data[piece]);
            Ok(())
        })?;
        // Bytes before size: a reader never sees a size whose bytes are not there.
        if end > size {
            Point::SizeNotStored.pass();
            self.set_size(end);
        }
        Ok(())
    }

    /// Cuts the file to `size` bytes, or extends it with zeros.
    pub fn truncate(&self, size: u64) -> Result<(), Full> {
        let old = self.size();
        if size > old {
            self.reserve(size)?;
            self.zero(old, size)?;
        }
        self.set_size(size);
        Ok(())
    }

    /// Makes sure that the segments have bytes up to `end`.
    pub fn reserve(&self, end: u64) -> Result<(), Full> {
        if end > self.capacity {
            return Err(Full);
        }
        let reserved = self.reserved.load(Relaxed);
        if end <= reserved {
            return Ok(());
        }
        // Not from the first one, of thousands perhaps, at each write.
        let first = reserved / self.segment_bytes;
        let mut start = first * self.segment_bytes;
        let mut there = start;
        for segment in &self.segments[first as usize..] {
            if start >= end {
                break;
            }
            let wanted = (end - start).min(segment.capacity());
            if segment.len(wanted) < wanted && !segment.grow(wanted) {
                return Err(Full);
            }
            if there == start {
                there += segment.len(wanted);
            }
            start += segment.capacity();
        }
        self.reserved.fetch_max(there, Relaxed);
        Ok(())
    }

    fn zero(&self, from: u64, to: u64) -> Result<(), Full> {
        const ZEROS: [u8; 4096] = [0; 4096];
        let mut at = from;
        while at < to {
            let length = (to - at).min(ZEROS.len() as u64) as usize;
            self.pieces(at, length, |segment, offset, piece| {
                segment.write(offset, &ZEROS[piece]);
                Ok(())
            })?;
            at += length as u64;
        }
        Ok(())
    }

    /// Calls `f` with each part of the range that lies in one segment.
    fn pieces(
        &self,
        at: u64,
        length: usize,
        mut f: impl FnMut(&dyn Bytes, u64, std::ops::Range<usize>) -> Result<(), Full>,
    ) -> Result<(), Full> {
        let mut done = 0;
        while done < length {
            let position = at + done as u64;
            let index = (position / self.segment_bytes) as usize;
            let segment = self.segments.get(index).ok_or(Full)?;
            let offset = position % self.segment_bytes;
            let here = (segment.capacity() - offset).min((length - done) as u64) as usize;
            if here == 0 {
                return Err(Full);
            }
            f(segment.as_ref(), offset, done..done + here)?;
            done += here;
        }
        Ok(())
    }
}
