//! The ring of commit records in shared memory.
//!
//! One appends at a time, since whoever does holds WRITE or EXCLUSIVE; anybody reads, and nobody waits
//! for a reader. Positions count words and never fall; the ring has the last of them.
//!
//! - An append claims the words (`CLAIMED`) before it stores the first, and stores the number of the
//!   record (`SEQUENCE`) after the last. Before that store nothing was appended, after it everything:
//!   a death in between leaves words behind that the next one overwrites. `CLAIMED` never falls,
//!   since such a dead one may have overwritten as much as it claimed.
//! - Where records of even and of odd numbers end stands in two words (`ENDS`), so that the one that
//!   goes with the number does not change while the next is stored.
//! - A reader copies a record and looks at `CLAIMED` after that: if the record's beginning was claimed
//!   meanwhile, or if its number is not the next one, the reader was left behind. It is told so
//!   instead, and goes on from the end.
//!
//! The number has 64 bits in two words, the upper stored first. Who looks in between finds a number
//! that was never there, and takes itself for left behind, which is safe.

use std::sync::Arc;

#[cfg(test)]
use super::Commit;
use super::Tables;
use super::commit;
use crate::injection::Mutation;
use crate::layout::feed;
use crate::memory::{Change, Words};

/// The ring of one runtime.
#[derive(Clone)]
pub struct Ring {
    words: Arc<dyn Words>,
    /// Its words; a power of two.
    length: u32,
}

impl Ring {
    /// The ring in a control block.
    pub fn of(words: Arc<dyn Words>) -> Ring {
        Ring { words, length: feed::RING_WORDS }
    }

    /// The same with fewer words.
    #[cfg(test)]
    pub fn short(words: Arc<dyn Words>, length: u32) -> Ring {
        assert!(length.is_power_of_two() && length <= feed::RING_WORDS);
        Ring { words, length }
    }

    /// The number of the last record.
    fn sequence(&self) -> u64 {
        u64::from(self.words.load(feed::SEQUENCE)) | u64::from(self.words.load(feed::SEQUENCE_UPPER)) << 32
    }

    fn end(&self, sequence: u64) -> u32 {
        feed::ENDS + (sequence & 1) as u32
    }

    fn word(&self, position: u32) -> u32 {
        feed::RING + (position & (self.length - 1))
    }

    /// Appends a record. The caller makes sure that nobody else does now.
    pub fn append(&self, connection: u32, tables: Tables) {
        let words = self.words.as_ref();
        let last = self.sequence();
        let next = last.wrapping_add(1);
        let record = commit::encode(next, connection, tables, self.length / 4);
        let start = words.load(self.end(last));
        let length = record.len() as u32;
        let claimed = words.load(feed::CLAIMED).wrapping_sub(start);
        if (claimed < length || claimed > self.length) && !Mutation::RingNotClaimed.is_on() {
            words.store(feed::CLAIMED, start.wrapping_add(length));
        }
        let stored: Vec<Change> = (0..)
            .zip(&record)
            .map(|(n, word)| Change { at: self.word(start.wrapping_add(n)), value: *word })
            .collect();
        if Mutation::RecordAfterNumber.is_on() {
            words.store(feed::SEQUENCE, next as u32);
        }
        words.scatter(&stored);
        words.store(self.end(next), start.wrapping_add(length));
        if next >> 32 != last >> 32 {
            words.store(feed::SEQUENCE_UPPER, (next >> 32) as u32);
        }
        words.store(feed::SEQUENCE, next as u32);
        words.notify(feed::SEQUENCE);
    }
}

/// Reads the ring from the moment on in which it was made.
#[cfg(test)]
pub struct Reader {
    ring: Ring,
    /// The number of the last record that was read, or left out.
    read: u64,
    /// Where the next one begins.
    at: u32,
}

#[cfg(test)]
impl Reader {
    /// What is committed from here on is told: a commit that does not know of the listener is visible
    /// by now.
    pub fn new(ring: Ring, wants: u32) -> Reader {
        ring.words.or(feed::LISTENING, feed::wants::TABLES | wants);
        let (read, at) = Reader::end(&ring);
        Reader { ring, read, at }
    }

    /// From the first record of a ring that was not overwritten yet.
    pub fn from_start(ring: Ring) -> Reader {
        Reader { ring, read: 0, at: 0 }
    }

    /// The number of the last record, and where it ends.
    fn end(ring: &Ring) -> (u64, u32) {
        loop {
            let sequence = ring.sequence();
            let at = ring.words.load(ring.end(sequence));
            // The end that goes with a number stands until the one after the next is stored.
            if ring.sequence() == sequence {
                return (sequence, at);
            }
        }
    }

    /// The next commit, if there is one. One whose connection and tables are not known stands for all
    /// up to it that were not read.
    pub fn next(&mut self) -> Option<Commit> {
        if self.ring.sequence() == self.read {
            return None;
        }
        let commit = self.copy().and_then(|record| commit::decode(&record));
        if let Some(commit) = commit.filter(|commit| commit.sequence == self.read.wrapping_add(1)) {
            self.read = commit.sequence;
            return Some(commit);
        }
        (self.read, self.at) = Reader::end(&self.ring);
        Some(Commit { sequence: self.read, connection: None, tables: Tables::Unknown })
    }

    /// The words of the next record; `None` if they are not there any more.
    fn copy(&mut self) -> Option<Vec<u32>> {
        let Ring { words, length } = &self.ring;
        let count = words.load(self.ring.word(self.at));
        if count > *length {
            return None;
        }
        let record = (0..count).map(|n| words.load(self.ring.word(self.at.wrapping_add(n)))).collect();
        let kept = words.load(feed::CLAIMED).wrapping_sub(self.at) <= *length;
        self.at = self.at.wrapping_add(count);
        kept.then_some(record)
    }
}
