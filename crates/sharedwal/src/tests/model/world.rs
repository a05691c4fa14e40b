//! The world of one execution: its memory, which is one word after the other, its threads, and how
//! a thread takes a step in it.

use std::panic::resume_unwind;
use std::time::Duration;

use super::WORLD;
use super::search::{Search, Status, Thread, mix};
use crate::layout::{CONTROL_WORDS, INDEX_PAGE_WORDS, PUBLISHER};

/// Where the wal-index begins, in words.
pub const INDEX: u32 = CONTROL_WORDS;
/// Pages of the wal-index that a model can have.
pub const PAGES: u32 = 1;
/// Words that are not the product's: what a model keeps for its assertions.
pub const GHOSTS: u32 = INDEX + PAGES * INDEX_PAGE_WORDS;
const WORDS: usize = GHOSTS as usize + 16;

/// Whoever takes so many steps goes round in circles.
const MOST_STEPS: usize = 5_000;
/// Or waits for a word of which the search does not know yet that others change it.
const MOST_STEPS_ALONE: usize = 100_000;

/// What a thread unwinds with that died, or whose execution is given up.
pub struct Gone;

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
    shared: Vec<bool>,
    steps: usize,
    /// Steps since others could go first.
    steps_alone: usize,
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
    fn touch(&mut self, thread: usize, at: u32, changes: bool) {
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
    fn is_shared(&mut self, at: u32) -> bool {
        self.steps_alone += 1;
        if self.steps_alone > MOST_STEPS_ALONE && !self.shared[at as usize] {
            self.shared[at as usize] = true;
            self.search.restart = true;
        }
        self.shared[at as usize]
    }

    fn remember(&mut self, thread: usize, value: u64) {
        let history = &mut self.threads[thread].history;
        *history = mix(*history, value);
    }

    /// Ends the sleep of those on a word.
    fn wake(&mut self, at: u32) {
        for thread in &mut self.threads {
            if matches!(thread.status, Status::Asleep { at: other, .. } if other == at) {
                thread.status = Status::Ready;
            }
        }
    }
}

/// The thread whose turn it is, if one of the model's runs and its changes count.
fn acting() -> Option<usize> {
    if std::thread::panicking() {
        return None;
    }
    WORLD.with_borrow(|world| {
        let me = world.current?;
        (!world.search.pruned && world.threads[me].status != Status::Dead).then_some(me)
    })
}

/// Lets others go first, in the course of the search for as long as they can.
fn switch(me: usize) {
    shuttle::thread::sleep(Duration::ZERO);
    let go_on = WORLD.with_borrow_mut(|world| {
        world.current = Some(me);
        world.steps += 1;
        world.steps_alone = 0;
        if world.steps > MOST_STEPS && !world.search.pruned {
            world.search.failure = Some("somebody goes round in circles");
            world.search.pruned = true;
        }
        !world.search.pruned
    });
    if !go_on {
        resume_unwind(Box::new(Gone));
    }
}

/// One step: `f` gets the word and returns what to put in its place, if anything. Returns what the
/// word was, or `None` if the thread is dead, so that nothing took place.
pub fn step(at: u32, access: Access, f: impl FnOnce(u32) -> Option<u32>) -> Option<u32> {
    let Some(me) = acting() else {
        return WORLD.with_borrow_mut(|world| {
            let was = world.word(at);
            // The model's own look at its words, before or after the threads run.
            if world.current.is_none() {
                if let Some(value) = f(was) {
                    world.set(at, value);
                }
                return Some(was);
            }
            None
        });
    };
    if WORLD.with_borrow_mut(|world| world.is_shared(at)) {
        switch(me);
    }
    let dies = access == Access::Change
        && WORLD.with_borrow_mut(|world| world.threads[me].mortal && world.search.choose(2) == 1);
    if dies {
        die(me);
    }
    WORLD.with_borrow_mut(|world| {
        let was = world.word(at);
        let new = f(was).filter(|new| *new != was);
        world.touch(me, at, new.is_some() || access == Access::Notify);
        if world.shared[at as usize] {
            world.remember(me, u64::from(at) << 32 | u64::from(was));
        }
        world.trace.push((me, access, at, new.unwrap_or(was)));
        if let Some(new) = new {
            world.set(at, new);
            // Nobody notifies publishers' waiters: they look again after 0.2 ms, and what they see
            // matters only once it has changed.
            if at == PUBLISHER {
                world.wake(at);
            }
        }
        Some(was)
    })
}

fn die(me: usize) -> ! {
    WORLD.with_borrow_mut(|world| {
        world.threads[me].status = Status::Dead;
        world.search.report.reached.insert(format!("death of thread {me}"));
        world.trace.push((me, Access::Change, u32::MAX, 0));
    });
    resume_unwind(Box::new(Gone));
}

/// Loads words one by one, as so many steps.
pub fn load_each(at: u32, out: &mut [u32]) {
    let mut next = 0;
    while next < out.len() {
        // Those that nobody else touches at once.
        WORLD.with_borrow_mut(|world| {
            while next < out.len() && !world.shared[at as usize + next] {
                let word = at + next as u32;
                if let Some(me) = world.current {
                    world.touch(me, word, false);
                }
                out[next] = world.word(word);
                next += 1;
            }
        });
        if let Some(out) = out.get_mut(next) {
            *out = step(at + next as u32, Access::Load, |_| None).unwrap_or_default();
            next += 1;
        }
    }
}

/// Sleeps on a word while it has a value.
pub fn wait(at: u32, expected: u32, timeout: Duration) {
    let was = step(at, Access::Wait, |_| None);
    let Some(me) = acting() else { return };
    if was != Some(expected) {
        return;
    }
    WORLD.with_borrow_mut(|world| {
        let may_time_out = world.time_outs == TimeOuts::Possible;
        world.threads[me].status = Status::Asleep { at, may_time_out };
    });
    switch(me);
    WORLD.with_borrow_mut(|world| {
        let thread = &mut world.threads[me];
        let timed_out = thread.status != Status::Ready;
        thread.status = Status::Ready;
        if timed_out {
            // A wait for a publisher is one of many that together have a bound of seconds.
            thread.clock += if at == PUBLISHER { Duration::from_secs(3600) } else { timeout };
        }
        if let Some(anchor) = world.threads[me].anchor {
            world.threads[me].history = anchor;
        }
        world.remember(me, u64::from(timed_out));
    });
}

/// Whether all clocks stand still.
pub fn no_time_passes() -> bool {
    WORLD.with_borrow(|world| world.time_outs == TimeOuts::Never)
}

/// Says that the thread knows nothing of what it has seen up to now but `local`. With
/// `sleeps_forget`, nor will it know more whenever it wakes up, until the next call of this.
pub fn knows(local: &impl std::fmt::Debug, sleeps_forget: bool) {
    let bytes = format!("{local:?}").into_bytes();
    let history = bytes.into_iter().fold(2, |hash, byte| mix(hash, byte.into()));
    let Some(me) = acting() else { return };
    WORLD.with_borrow_mut(|world| {
        world.threads[me].history = history;
        world.threads[me].anchor = sleeps_forget.then_some(history);
    });
}

/// Wakes whoever sleeps on a word.
pub fn notify(at: u32) {
    if step(at, Access::Notify, |_| None).is_some() {
        WORLD.with_borrow_mut(|world| world.wake(at));
    }
}

/// Sleeps until another thread has ended; returns whether it died.
pub fn await_end(other: usize) -> bool {
    let Some(me) = acting() else { return false };
    WORLD.with_borrow_mut(|world| world.threads[me].status = Status::AwaitsEnd(other));
    switch(me);
    WORLD.with_borrow_mut(|world| {
        world.threads[me].status = Status::Ready;
        let dead = world.threads[other].status == Status::Dead;
        world.remember(me, u64::from(dead));
        dead
    })
}

/// The time on the clock of the thread whose turn it is; `None` outside of models.
pub fn now() -> Option<Duration> {
    WORLD.with_borrow_mut(|world| {
        if world.threads.is_empty() {
            return None;
        }
        let Some(me) = world.current else { return Some(Duration::ZERO) };
        const DELAY: Duration = Duration::from_millis(2);
        let delayed = world.time_outs == TimeOuts::Delays
            && world.threads[me].clock == Duration::ZERO
            && !world.search.pruned
            && world.search.choose(2) == 1;
        if delayed {
            world.threads[me].clock += DELAY;
        }
        // On from a second: nothing was ever seen at zero.
        Some(Duration::from_secs(1) + world.threads[me].clock)
    })
}

/// Keeps something for an assertion, in the same step as what was done before.
pub fn ghost(at: u32, f: impl FnOnce(&mut u32)) -> u32 {
    WORLD.with_borrow_mut(|world| {
        let mut value = world.word(GHOSTS + at);
        let gone =
            world.current.is_some_and(|me| world.search.pruned || world.threads[me].status == Status::Dead);
        if !gone {
            let was = value;
            f(&mut value);
            world.set(GHOSTS + at, value);
            if let Some(me) = world.current {
                world.remember(me, u64::from(was));
            }
        }
        value
    })
}

/// Runs a thread's program, if the execution was not given up before it began.
pub fn live(me: usize, program: &dyn Fn()) {
    let begins = WORLD.with_borrow_mut(|world| {
        world.remember(me, 1);
        !world.search.pruned
    });
    if begins {
        program();
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
