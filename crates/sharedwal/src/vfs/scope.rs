//! What a VFS call must know of the thread it runs in, since SQLite has no way to pass it.

use std::cell::{Cell, RefCell};
use std::ptr;
use std::sync::Arc;
use std::time::Duration;

use super::Database;
use crate::connections::Slot;
use crate::injection::Mutation;
use crate::locks::Contended;
use crate::runtime::Inner;
use crate::signals::Signals;

thread_local! {
    static REASON: RefCell<Option<String>> = const { RefCell::new(None) };
    static ADOPTED: RefCell<Option<(String, Slot)>> = const { RefCell::new(None) };
    static CURRENT: Cell<*mut Database> = const { Cell::new(ptr::null_mut()) };
    /// The databases of this thread that have something to publish that they could not. Where a thread has
    /// no event loop, nobody settles it while it runs nothing.
    #[cfg(any(test, target_arch = "wasm32"))]
    static OWING: RefCell<Vec<*mut Database>> = const { RefCell::new(Vec::new()) };
}

/// Notes why an open failed, for the message that the user sees.
pub fn set_reason(reason: String) {
    REASON.with(|cell| *cell.borrow_mut() = Some(reason));
}

/// Takes the note of why the last open in this thread failed.
pub fn last_reason() -> Option<String> {
    REASON.with(|cell| cell.borrow_mut().take())
}

/// Has the next database opened in this thread, if it is of that runtime, use `slot`; `open` is
/// what opens it. A slot that was not used is freed.
pub fn adopt<T>(runtime: &str, slot: Slot, open: impl FnOnce() -> T) -> T {
    ADOPTED.with(|cell| *cell.borrow_mut() = Some((runtime.to_owned(), slot)));
    let result = open();
    ADOPTED.with(|cell| cell.borrow_mut().take());
    result
}

/// The slot kept by [`adopt`] for this runtime.
pub fn adopted(runtime: &str) -> Option<Slot> {
    ADOPTED.with(|cell| {
        let mut cell = cell.borrow_mut();
        match cell.as_ref() {
            Some((id, _)) if id == runtime => cell.take().map(|(_, slot)| slot),
            _ => None,
        }
    })
}

/// Notes the database whose lock calls run in this thread.
pub fn enter(database: &mut Database) {
    CURRENT.with(|cell| cell.set(database));
}

/// Notes whether a database has something to publish that it could not.
#[cfg(any(test, target_arch = "wasm32"))]
pub fn owes(database: &mut Database, owes: bool) {
    OWING.with_borrow_mut(|owing| {
        owing.retain(|other| !ptr::eq(*other, database));
        owing.extend(owes.then_some(ptr::from_mut(database)));
    });
}

/// For a thread that runs nothing: publishes what its connections could not publish before, or others
/// would wait for their locks until they run something. Whether one still could not.
///
/// # Safety
/// No call of the VFS may be going on in this thread, and its connections must not have gone to others.
#[cfg(any(test, target_arch = "wasm32"))]
pub unsafe fn settle_while_idle() -> bool {
    let owing = OWING.with_borrow(Clone::clone);
    // SAFETY: `leave` takes a database from the list before it goes, and settling one closes none. No
    // other reference exists outside of calls of the VFS.
    let owe = |database: *mut Database| unsafe { (*database).settle_while_idle() };
    owing.into_iter().filter(|database| owe(*database)).count() > 0
}

/// Forgets a database that is being closed.
pub fn leave(database: &mut Database) {
    #[cfg(any(test, target_arch = "wasm32"))]
    owes(database, false);
    CURRENT.with(|cell| {
        if ptr::eq(cell.get(), database) {
            cell.set(ptr::null_mut());
        }
    });
}

/// The database last used in this thread.
fn current<T>(f: impl FnOnce(&mut Database) -> T) -> Option<T> {
    let database = CURRENT.with(Cell::get);
    // SAFETY: set by `enter` in this thread and cleared by `leave` before the database goes. The
    // callers run inside a call of SQLite that uses it (its busy handler, xSleep, or xTruncate of its
    // log), and no other reference exists then.
    (!database.is_null()).then(|| f(unsafe { &mut *database }))
}

/// Publishes what the database of a runtime that was used last in this thread has changed of the wal-index.
/// False if it cannot now.
pub fn publish(runtime: &Arc<Inner>) -> bool {
    current(|database| !Arc::ptr_eq(database.runtime(), runtime) || database.publish().is_ok())
        .unwrap_or(true)
}

/// Waits for the lock that was last refused in this thread, in a statement of the connection with
/// this main database; true if it may be free now.
pub fn wait_for_contended(main: *const Database, requests: Signals, timeout: Duration) -> bool {
    let wait = |database: &mut Database| match ptr::eq(database, main) {
        true => database.wait_for_contended(timeout),
        false => database.wait_on_behalf(requests, timeout),
    };
    current(wait).unwrap_or(false)
}

/// What the database that was used last in this thread is asked for, where that is another one than
/// the connection's main database, which alone looks for itself.
pub enum Asked {
    /// Nothing.
    Nothing,
    /// To clean up after the dead, which was done.
    Reap,
    /// To end the statement.
    End,
}

/// Does what an attached database is asked for.
pub fn obey_attached(main: *const Database) -> Asked {
    let obey = |database: &mut Database| {
        let signals = database.signals();
        if ptr::eq(database, main) || !signals.any_asked() {
            return Asked::Nothing;
        }
        let reaped = signals.reap_if_asked();
        let asked = signals.any_asked();
        signals.clear_interrupt();
        match (asked, reaped) {
            (true, _) => Asked::End,
            (false, true) => Asked::Reap,
            (false, false) => Asked::Nothing,
        }
    };
    current(obey).unwrap_or(Asked::Nothing)
}

/// The lock that was last refused in this thread, if any.
pub fn contended() -> Option<Contended> {
    current(|database| database.contended()).flatten()
}

/// SQLite's xSleep. SQLite sleeps in its own busy handler, which polls: that sleep ends when the lock
/// is free. And it sleeps before it looks for a snapshot once more, of which it has a hundred tries:
/// that one takes its time, and the copy of the wal-index is refreshed then.
pub fn sleep(duration: Duration) {
    // The first are whole milliseconds; the second 39 us times the squares of 1 to 91, or 1 us.
    let polls = duration.subsec_micros().is_multiple_of(1000);
    #[cfg(test)]
    let duration = duration.min(crate::ordered_section::TEST_PATIENCE.get().unwrap_or(duration));
    let slept = current(|database| {
        if polls {
            database.poll(duration);
        } else {
            database.pause_before_look(duration);
        }
        if !Mutation::SleepDoesNotRefresh.is_on() {
            database.refresh();
        }
    });
    #[cfg(not(target_arch = "wasm32"))]
    if slept.is_none() {
        std::thread::sleep(duration);
    }
    #[cfg(target_arch = "wasm32")]
    let _ = slept;
}
