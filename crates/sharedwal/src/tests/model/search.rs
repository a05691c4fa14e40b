//! The search: every order of steps, every death, every time-out, by depth first.
//!
//! Shuttle runs the threads as coroutines and asks at each scheduling point who goes on. Its own
//! depth-first scheduler walks each order to its end, and even two threads of 20 steps have 10^11
//! of them. This one knows the whole state (memory, what each thread has seen, who sleeps), and
//! turns back where it has been before: what can happen from there on was looked at already.
//! A test in `engine` compares both on models that are small enough for Shuttle's.

use std::collections::{BTreeSet, HashSet};
use std::hash::{BuildHasherDefault, Hasher};
use std::time::Duration;

use shuttle::current::TaskId;
use shuttle::scheduler::{Schedule, Scheduler, Task};

use super::WORLD;

/// Folds a number into a hash of 128 bits: at so many states a collision, which would hide some of
/// them, is out of the question.
pub fn mix(hash: u128, value: u64) -> u128 {
    let mixed = (hash ^ u128::from(value)).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835);
    (mixed ^ (mixed >> 61)).wrapping_mul(0xc2b2_ae3d_27d4_eb4f_1656_67b1_9e37_79f9).rotate_left(23)
}

/// The states are hashes already.
#[derive(Default)]
pub struct AsIs(u64);

impl Hasher for AsIs {
    fn finish(&self) -> u64 {
        self.0
    }
    fn write(&mut self, _: &[u8]) {
        unreachable!("only numbers are hashed");
    }
    fn write_u128(&mut self, value: u128) {
        self.0 = value as u64;
    }
}

/// What a thread of the model does now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// Goes on when it is its turn.
    Ready,
    /// Sleeps on a word; a time-out may end that, if the model has them.
    Asleep { at: u32, may_time_out: bool },
    /// Waits for the end of another thread.
    AwaitsEnd(usize),
    /// Came to its end.
    Done,
    /// Died: changes nothing any more.
    Dead,
}

/// One thread of the model.
#[derive(Clone)]
pub struct Thread {
    pub status: Status,
    pub mortal: bool,
    /// All that it has seen, which together with its program is all that it knows.
    pub history: u128,
    /// What it knows whenever it wakes up, if no more than this.
    pub anchor: Option<u128>,
    /// Its own clock.
    pub clock: Duration,
}

impl Thread {
    pub fn new(mortal: bool) -> Thread {
        Thread { status: Status::Ready, mortal, history: 0, anchor: None, clock: Duration::ZERO }
    }

    pub fn has_ended(&self) -> bool {
        matches!(self.status, Status::Done | Status::Dead)
    }
}

/// A decision: which of how many.
#[derive(Clone, Copy)]
struct Level {
    choice: u8,
    of: u8,
}

/// What was found, for the test's report and its assertions.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// Times that the threads were run.
    pub executions: u64,
    /// Those that came to their end; the others reached a state that was known.
    pub ends: u64,
    /// Different states in which there was a choice.
    pub states: usize,
    /// Words on which threads meet.
    pub shared: usize,
    /// Steps of the longest execution.
    pub longest: usize,
    /// Whether everything was looked at.
    pub exhausted: bool,
    /// What threads said that they had reached.
    pub reached: BTreeSet<String>,
}

impl Report {
    /// Panics unless some execution came to each of these points: what is never reached shows
    /// nothing.
    #[track_caller]
    pub fn assert_reached(&self, points: &[&str]) {
        for point in points {
            assert!(self.reached.contains(*point), "no execution reached '{point}': {:?}", self.reached);
        }
    }
}

/// The state of the search that outlives an execution.
#[derive(Default)]
pub struct Search {
    levels: Vec<Level>,
    position: usize,
    visited: HashSet<u128, BuildHasherDefault<AsIs>>,
    /// The current execution is given up: its threads unwind.
    pub pruned: bool,
    /// Why the current execution failed.
    pub failure: Option<&'static str>,
    /// A word turned out to be shared: the search begins anew, with a scheduling point at each
    /// access to it.
    pub restart: bool,
    visit_again: bool,
    pub report: Report,
}

impl Search {
    /// Without turning back at known states, to compare with Shuttle's scheduler.
    pub fn without_memory() -> Search {
        Search { visit_again: true, ..Search::default() }
    }

    /// Decides for one of `of` possibilities; in the course of the search for each of them.
    pub fn choose(&mut self, of: usize) -> usize {
        if of < 2 {
            return 0;
        }
        if self.position == self.levels.len() {
            self.levels.push(Level { choice: 0, of: of as u8 });
        }
        let level = self.levels[self.position];
        assert_eq!(usize::from(level.of), of, "the model does not repeat itself");
        self.position += 1;
        level.choice.into()
    }

    /// Whether the decision to come is a new one, and not a repetition on the way to it.
    fn is_new(&self) -> bool {
        self.position == self.levels.len()
    }

    /// Moves on to the next execution; false if there is none.
    fn advance(&mut self) -> bool {
        if std::mem::take(&mut self.restart) {
            self.levels.clear();
            self.visited.clear();
            self.report.ends = 0;
        } else if self.report.executions > 0 {
            while self.levels.pop_if(|level| level.choice + 1 == level.of).is_some() {}
            match self.levels.last_mut() {
                Some(level) => level.choice += 1,
                None => {
                    self.report.exhausted = true;
                    return false;
                }
            }
        }
        self.position = 0;
        self.pruned = false;
        self.report.executions += 1;
        true
    }

    pub fn finish(mut self) -> Report {
        self.report.states = self.visited.len();
        self.report
    }
}

/// Shuttle's view of the search.
pub struct Exhaustive;

impl Scheduler for Exhaustive {
    fn new_execution(&mut self) -> Option<Schedule> {
        WORLD.with_borrow_mut(|world| world.search.advance().then(|| Schedule::new(0)))
    }

    fn next_task(&mut self, runnable: &[&Task], _: Option<TaskId>, _: bool) -> Option<TaskId> {
        WORLD.with_borrow_mut(|world| {
            let ids = runnable.iter().map(|task| task.id());
            let first = ids.clone().next();
            // The first task starts the others and looks at what they left: it meets nobody.
            if first.is_some_and(|id| usize::from(id) == 0) || world.search.pruned {
                return first;
            }
            let may_run = |id: &TaskId| world.may_run(usize::from(*id) - 1);
            let awake: Vec<TaskId> = ids.filter(may_run).collect();
            if awake.is_empty() {
                world.search.failure = Some("everybody sleeps for ever");
                world.search.pruned = true;
                return first;
            }
            if awake.len() > 1 && !world.search.visit_again && world.search.is_new() {
                let state = world.state();
                if !world.search.visited.insert(state) {
                    world.search.pruned = true;
                    return first;
                }
            }
            let next = world.search.choose(awake.len());
            Some(awake[next])
        })
    }

    fn next_u64(&mut self) -> u64 {
        unreachable!("no model uses Shuttle's random numbers")
    }
}
