//! How a thread takes a step: the product's operations on a word, its sleeps and its clock, and what
//! only a model does.

use std::panic::resume_unwind;
use std::time::Duration;

use super::WORLD;
use super::search::{Status, mix};
use super::world::{Access, GHOSTS, MOST_STEPS, TimeOuts};
use crate::layout::PUBLISHER;

/// What a thread unwinds with that died, or whose execution is given up.
pub struct Gone;

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

/// Lets others go first where the product itself takes no step, as while a lock is held.
pub fn pause() {
    let Some(me) = acting() else { return };
    switch(me);
    WORLD.with_borrow_mut(|world| world.remember(me, 3));
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
