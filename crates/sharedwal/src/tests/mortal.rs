//! Threads that die: after so many changes of shared memory, none that the thread makes takes place
//! any more, and every wait of its ends. What it returns then is of no meaning.

use std::cell::Cell;
use std::time::Duration;

use crate::ordered_section::TEST_PATIENCE;

#[derive(Clone, Copy)]
enum Fate {
    Immortal,
    /// Dies after so many more changes.
    Mortal(u32),
    Dead,
}

thread_local! {
    static FATE: Cell<Fate> = const { Cell::new(Fate::Immortal) };
}

/// Lets this thread die after `changes` more changes of shared memory.
pub fn die_after(changes: u32) {
    FATE.set(Fate::Mortal(changes));
}

/// Makes this thread live for ever, also if it was dead.
pub fn revive() {
    FATE.set(Fate::Immortal);
    TEST_PATIENCE.set(None);
}

/// Whether this thread is dead.
pub fn is_dead() -> bool {
    matches!(FATE.get(), Fate::Dead)
}

/// Asked before each change of shared memory: whether it takes place.
pub fn lives() -> bool {
    match FATE.get() {
        Fate::Immortal => true,
        Fate::Dead => false,
        Fate::Mortal(0) => {
            FATE.set(Fate::Dead);
            TEST_PATIENCE.set(Some(Duration::ZERO));
            false
        }
        Fate::Mortal(left) => {
            FATE.set(Fate::Mortal(left - 1));
            true
        }
    }
}
