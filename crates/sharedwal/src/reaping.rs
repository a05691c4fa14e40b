//! Reaping: giving back what a dead connection held.
//!
//! Nothing is reaped on anybody's word: the caller has proof that the connection is dead. In a page
//! that is its Web Lock, which the browser frees when its worker ends. Many may have the proof at
//! once; the one that reaps says so in the slot, with its own slot as its name. If it dies of it,
//! whoever reaps that one takes its cases over and begins them anew: every step may be done twice.

use std::sync::Arc;
use std::time::Duration;

use crate::connections::is_writer;
use crate::counters::count;
use crate::feed;
use crate::injection::Mutation;
use crate::layout::{
    self, ATTACHED, DEATHS, EPOCH, HEADER, PUBLISHER, SLOTS, VERSION, connection_word, locks, slot_states,
    slot_word,
};
use crate::locks::LockTable;
use crate::memory::{Change, Words};
use crate::ordered_section::{Section, Stalled};

/// Words of both copies of the wal-index header.
const HEADER_COPIES: u32 = 24;

/// How long a reaper waits for somebody in the ordered section; it looks again with each beat.
const PATIENCE: Duration = Duration::from_millis(100);

/// Gives back what the connection in `slot` of this generation held, on behalf of the living
/// connection in the slot `reaper`. Returns false, and does nothing, if that connection was closed
/// or reaped before, or is being reaped by another; also if it owes what cannot be recovered now, since
/// somebody does not come out of the ordered section: it then stays marked as dead.
pub fn reap(words: &Arc<dyn Words>, reaper: u32, slot: u32, generation: u32) -> bool {
    if slot >= SLOTS || reaper >= SLOTS || slot == reaper {
        return false;
    }
    let [live, dead, reaping] = [slot_states::LIVE, slot_states::DEAD, slot_states::REAPING + reaper]
        .map(|state| slot_word(generation, state));
    words.compare_exchange(layout::slot(slot), live, dead);
    if words.compare_exchange(layout::slot(slot), dead, reaping) != dead {
        return false;
    }
    give_back(words, reaper, slot, generation)
}

/// What a reaper does once the slot says that it is the one. False if it has to be done again.
fn give_back(words: &Arc<dyn Words>, reaper: u32, slot: u32, generation: u32) -> bool {
    if !Mutation::CasesNotTakenOver.is_on() {
        take_cases_over(words, reaper, slot);
    }
    if !Mutation::LocksBeforeSection.is_on() {
        leave_ordered_section(words.as_ref(), slot);
    }
    let reaping = slot_word(generation, slot_states::REAPING + reaper);
    if recover_owed(words.as_ref(), reaper, slot).is_err() {
        let dead = slot_word(generation, slot_states::DEAD);
        words.compare_exchange(layout::slot(slot), reaping, dead);
        return false;
    }
    if !Mutation::DeathNotTold.is_on() {
        feed::tell_of_death(words, slot, generation);
    }
    // Before SHARED, which the last one to close waits for: it deletes the log, and a wal-index that
    // somebody seems to have would outlive it, with frames of a log that is gone.
    words.and(ATTACHED + slot / 32, !(1 << (slot % 32)));
    // The WAL locks, then those of the file with PENDING last: the next connection then finds a
    // hot journal for what it is, and never half-written pages without one.
    let mut table = LockTable::new(words.clone(), slot);
    let mut file_locks = [locks::RESERVED, locks::EXCLUSIVE, locks::PENDING];
    if Mutation::PendingBeforeReserved.is_on() {
        file_locks.reverse();
    }
    for lock in (0..locks::WAL_LOCKS).chain(file_locks) {
        table.reap(lock);
    }
    if Mutation::LocksBeforeSection.is_on() {
        leave_ordered_section(words.as_ref(), slot);
    }
    words.store(layout::connection(slot) + connection_word::OWED, 0);
    count(words.as_ref(), DEATHS, 1);
    words.compare_exchange(layout::slot(slot), reaping, slot_word(generation, slot_states::FREE));
    true
}

/// Reaps all connections that were marked dead, on behalf of the one in the slot `reaper`.
pub fn reap_marked(words: &Arc<dyn Words>, reaper: u32) {
    for slot in 0..SLOTS {
        let word = words.load(layout::slot(slot));
        if word & slot_states::MASK == slot_states::DEAD {
            reap(words, reaper, slot, word >> slot_states::GENERATION_SHIFT);
        }
    }
}

/// Reaps those whom the dead connection was reaping when it died. A case goes from one reaper to the
/// next in one step: were it nobody's in between, and the next one dead too, nobody would know of it.
fn take_cases_over(words: &Arc<dyn Words>, reaper: u32, dead_reaper: u32) {
    for case in 0..SLOTS {
        let word = words.load(layout::slot(case));
        // The reaper lives, so it is no case, whatever its slot says. Every other slot becomes a case
        // of the reaper once, which ends this also where the words are not to be trusted.
        if word & slot_states::MASK != slot_states::REAPING + dead_reaper || case == reaper {
            continue;
        }
        let generation = word >> slot_states::GENERATION_SHIFT;
        let taken = slot_word(generation, slot_states::REAPING + reaper);
        if words.compare_exchange(layout::slot(case), word, taken) == word {
            give_back(words, reaper, case, generation);
        }
    }
}

/// Ends the publish that the connection died in, if it did. Stores of a header word are valid one
/// by one, but for the holder of WRITE, whose header copies and hash pages belong together: the
/// header is then zeroed, so that the next connection runs SQLite's own recovery. It is zeroed for
/// no other: under a live writer that would have its committed frames overwritten.
fn leave_ordered_section(words: &dyn Words, slot: u32) {
    if words.load(PUBLISHER) != slot + 1 {
        return;
    }
    let version = words.load(VERSION);
    let odd = version | 1;
    let whole = is_writer(words, slot) || Mutation::ZeroedUnderOthers.is_on();
    if whole && !Mutation::TornHeaderKept.is_on() {
        words.store(VERSION, odd);
        zero_header(words);
    }
    if words.load(VERSION) == odd && !Mutation::VersionLeftOdd.is_on() {
        if odd == u32::MAX {
            words.add(EPOCH, 1);
        }
        words.store(VERSION, odd.wrapping_add(1));
    }
    words.compare_exchange(PUBLISHER, slot + 1, 0);
}

fn zero_header(words: &dyn Words) {
    let zeros: Vec<Change> = (HEADER..HEADER + HEADER_COPIES).map(|at| Change { at, value: 0 }).collect();
    words.scatter(&zeros);
}

/// A commit that its connection could not publish is in the log, and in no header: zeroed, it has the
/// next connection run SQLite's own recovery, which finds it.
fn recover_owed(words: &dyn Words, reaper: u32, slot: u32) -> Result<(), Stalled> {
    let owes = words.load(layout::connection(slot) + connection_word::OWED) != 0;
    if owes && is_writer(words, slot) && !Mutation::OwedNotRecovered.is_on() {
        let mut section = Section::enter(words, reaper, PATIENCE)?;
        section.open();
        zero_header(words);
        drop(section);
        // While its locks stand: a second reaper must not do it again under who has them next.
        words.store(layout::connection(slot) + connection_word::OWED, 0);
    }
    Ok(())
}
