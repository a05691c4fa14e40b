//! The world of one execution: its memory, which is one word after the other, and its threads.

use super::search::{Search, Status, Thread, mix};
use crate::layout::{CONTROL_WORDS, INDEX_PAGE_WORDS};

/// Where the wal-index begins, in words.
pub const INDEX: u32 = CONTROL_WORDS;
/// Pages of the wal-index that a model can have.
pub const PAGES: u32 = 1;
/// Words that are not the product's: what a model keeps for its assertions.
pub const GHOSTS: u32 = INDEX + PAGES * INDEX_PAGE_WORDS;
const WORDS: usize = GHOSTS as usize + 16;

/// Whoever takes so many steps goes round in circles.
pub const MOST_STEPS: usize = 5_000;
/// Or waits for a word of which the search does not know yet that others change it.
const MOST_STEPS_ALONE: usize = 100_000;

/// What a step does to its word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    Load,
    Change,
    Wait,
    Notify,
}

/// Whether sleeps end by themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TimeOuts {
    /// They never do, and no time passes: a wake-up that is lost shows as a deadlock.
    #[default]
    Never,
    /// As before, but a thread may find that it was not run for the time that makes a waiter
    /// claim to be next.
    Delays,
    /// Each may.
    Possible,
}

#[derive(Default)]
pub struct World {
    words: Vec<u32>,
    dirty: Vec<u32>,
    /// Of all words together, whatever the order in which they were stored.
    memory: u128,
    pub threads: Vec<Thread>,
    /// The thread that takes its turn; `None` while the model is set up or checked.
    pub current: Option<usize>,
    pub time_outs: TimeOuts,
    pub search: Search,
    /// Threads that touched each word, in any execution, and those that changed it.
    touched: Vec<u8>,
    changed: Vec<u8>,
    /// Words on which threads meet: each access is a step at which others may go first.
    pub shared: Vec<bool>,
    pub steps: usize,
    /// Steps since others could go first.
    pub steps_alone: usize,
    /// What was done in this execution, for the message of a failure.
    pub trace: Vec<(usize, Access, u32, u32)>,
}

impl World {
    pub fn new(search: Search, time_outs: TimeOuts, switch_everywhere: bool) -> World {
        World {
            words: vec![0; WORDS],
            touched: vec![0; WORDS],
            changed: vec![0; WORDS],
            shared: vec![switch_everywhere; WORDS],
            time_outs,
            search,
            ..World::default()
        }
    }

    /// The beginning of an execution.
    pub fn begin(&mut self, threads: Vec<Thread>) {
        for at in self.dirty.drain(..) {
            self.words[at as usize] = 0;
        }
        self.memory = 0;
        self.threads = threads;
        self.current = None;
        self.steps = 0;
        self.trace.clear();
    }

    pub fn end(&mut self) {
        self.current = None;
        self.search.report.longest = self.search.report.longest.max(self.steps);
        self.search.report.ends += u64::from(!self.search.pruned);
        self.search.report.shared = self.shared.iter().filter(|shared| **shared).count();
    }

    /// Everything that what comes next depends on.
    pub fn state(&self) -> u128 {
        self.threads.iter().fold(self.memory, |state, thread| {
            let (kind, detail) = match thread.status {
                Status::Ready => (1, 0),
                Status::Asleep { at, may_time_out } => (2 + u64::from(may_time_out), at),
                Status::AwaitsEnd(other) => (4, other as u32),
                Status::Done => return mix(state, 5),
                Status::Dead => return mix(state, 6),
            };
            let state = mix(state, kind << 32 | u64::from(detail));
            let state = mix(mix(state, thread.history as u64), (thread.history >> 64) as u64);
            mix(state, thread.clock.as_micros() as u64)
        })
    }

    pub fn may_run(&self, thread: usize) -> bool {
        match self.threads[thread].status {
            Status::Ready | Status::Done | Status::Dead => true,
            Status::Asleep { may_time_out, .. } => may_time_out,
            Status::AwaitsEnd(other) => self.threads[other].has_ended(),
        }
    }

    pub fn word(&self, at: u32) -> u32 {
        self.words[at as usize]
    }

    pub fn set(&mut self, at: u32, value: u32) {
        let was = std::mem::replace(&mut self.words[at as usize], value);
        let part = |value: u32| match value {
            0 => 0,
            _ => mix(1, u64::from(at) << 32 | u64::from(value)),
        };
        self.memory ^= part(was) ^ part(value);
        self.dirty.push(at);
    }

    /// Notes that the thread touches the word. Where two meet, of whom one changes it, the search
    /// begins anew with a scheduling point at that word.
    pub fn touch(&mut self, thread: usize, at: u32, changes: bool) {
        let word = at as usize;
        self.touched[word] |= 1 << thread;
        if changes {
            self.changed[word] |= 1 << thread;
        }
        let met = self.touched[word].count_ones() > 1 && self.changed[word] != 0;
        if met && !self.shared[word] {
            self.shared[word] = true;
            self.search.restart = true;
        }
    }

    /// Whether others may go before an access to the word.
    pub fn is_shared(&mut self, at: u32) -> bool {
        self.steps_alone += 1;
        if self.steps_alone > MOST_STEPS_ALONE && !self.shared[at as usize] {
            self.shared[at as usize] = true;
            self.search.restart = true;
        }
        self.shared[at as usize]
    }

    pub fn remember(&mut self, thread: usize, value: u64) {
        let history = &mut self.threads[thread].history;
        *history = mix(*history, value);
    }

    /// Ends the sleep of those on a word.
    pub fn wake(&mut self, at: u32) {
        for thread in &mut self.threads {
            if matches!(thread.status, Status::Asleep { at: other, .. } if other == at) {
                thread.status = Status::Ready;
            }
        }
    }
}

impl World {
    /// A thread has come to its end, in one way or another.
    pub fn depart(&mut self, me: usize) {
        if self.threads[me].status != Status::Dead {
            self.threads[me].status = Status::Done;
        }
    }

    /// What was done in this execution.
    pub fn print_trace(&self, name: &str) {
        const ENOUGH: usize = 300;
        let passed_over = self.trace.len().saturating_sub(ENOUGH);
        eprintln!("{name}: what was done, in this order, after {passed_over} other steps:");
        for (thread, access, at, value) in &self.trace[passed_over..] {
            match *at {
                u32::MAX => eprintln!("  thread {thread} dies"),
                at => eprintln!("  thread {thread}: {access:?} {}, {value:#x}", word_name(at)),
            }
        }
    }
}

/// What a word is, for people.
fn word_name(at: u32) -> String {
    use crate::layout::*;
    match at {
        PUBLISHER => "PUBLISHER".into(),
        VERSION => "VERSION".into(),
        EPOCH => "EPOCH".into(),
        INDEX_PAGES => "INDEX_PAGES".into(),
        ATTACHED..INDEX_PAGES => format!("ATTACHED+{}", at - ATTACHED),
        HEADER..HEADER_END => format!("HEADER+{}", at - HEADER),
        GHOSTS.. => format!("ghost {}", at - GHOSTS),
        INDEX.. => format!("page word {}", at - INDEX),
        _ if at >= slot(0) && at < slot(SLOTS) => format!("slot {}", at - slot(0)),
        _ => format!("word {at}"),
    }
}

const HEADER_END: u32 = crate::layout::HEADER + crate::layout::HEADER_WORDS;
