//! Statements that end before their time: others asked for it, the runtime was disposed of, or the
//! time is over that the statement had.

use std::cell::{Cell, RefCell};
use std::ptr::null_mut;

use sharedwal::Code;
use sharedwal::bindings::{self, Signals};
use sharedwal::rusqlite::ffi;
use wasm_bindgen::prelude::*;

use crate::connection::{in_transaction, milliseconds, reset_statements};
use crate::private;

type Sqlite = *mut ffi::sqlite3;

/// Why a statement ended.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// Somebody asked for it.
    Asked,
    /// It had no more time.
    Late,
    /// A worker is being ended, and the connection with it.
    Terminated,
    /// The runtime was disposed of.
    Disposed,
    /// Others took the connection for dead.
    Evicted,
}

thread_local! {
    /// The connection whose last statement was ended, and why.
    static ENDED: Cell<(Sqlite, Reason)> = const { Cell::new((null_mut(), Reason::Asked)) };
    /// The connections whose statements have a time limit: more than one where a user's function reads
    /// from another connection.
    static LIMITED: RefCell<Vec<Sqlite>> = const { RefCell::new(Vec::new()) };
    /// The connection used last, and what it is asked for: finding that takes as long as a short
    /// statement.
    static SIGNALS: RefCell<(Sqlite, Option<Signals>)> = const { RefCell::new((null_mut(), None)) };
}

/// What others ask of a connection.
pub fn signals(db: Sqlite) -> Option<Signals> {
    SIGNALS.with_borrow_mut(|(last, signals)| {
        if *last != db {
            // SAFETY: the connection is open, and the VFS is not in the middle of a call.
            (*last, *signals) = (db, unsafe { bindings::signals(db) });
        }
        signals.clone()
    })
}

/// A connection is being closed.
pub fn forget(db: Sqlite) {
    SIGNALS.set((null_mut(), None));
    LIMITED.with_borrow_mut(|limited| limited.retain(|other| *other != db));
}

/// Something begins: the last statement's end is told no more.
fn begin() {
    ENDED.set((null_mut(), Reason::Asked));
}

/// Why the connection's last statement ended, if it was ended.
pub fn reason(db: Sqlite) -> Option<Reason> {
    let (ended, reason) = ENDED.get();
    (ended == db).then_some(reason)
}

/// What to tell of that.
pub fn message(db: Sqlite) -> String {
    match reason(db) {
        Some(Reason::Late) => "interrupted: the time that the statement had (timeoutMs) was over".into(),
        Some(Reason::Terminated) => "interrupted: terminate() is ending this worker".into(),
        Some(Reason::Disposed) => {
            format!("The connection was ended with its runtime. {}", Code::RuntimeDisposed.advice())
        }
        Some(Reason::Evicted) => Code::Evicted.advice().into(),
        Some(Reason::Asked) | None => "interrupted".into(),
    }
}

/// The code of ours that stands for SQLITE_INTERRUPT, if one does.
#[wasm_bindgen]
pub fn own_code(db: Sqlite) -> Option<String> {
    let code = match reason(db)? {
        Reason::Disposed => Code::RuntimeDisposed,
        Reason::Evicted => Code::Evicted,
        Reason::Asked | Reason::Late | Reason::Terminated => return None,
    };
    Some(code.as_str().into())
}

fn late(db: Sqlite) -> bool {
    // SAFETY: the connection is open, and the VFS is not in the middle of a call.
    LIMITED.with_borrow(|limited| limited.contains(&db))
        && (private::is_late(db) || unsafe { bindings::is_late(db) })
}

/// A statement that others ended, or that did not get a lock before they did, has its transaction
/// rolled back; a connection that was asked to stop gives everything up and says so.
fn end(db: Sqlite, late: bool) {
    let stop = signals(db).filter(must_stop);
    if stop.is_some() {
        reset_statements(db);
    }
    if in_transaction(db) {
        // SAFETY: the connection is open, and runs nothing now.
        unsafe { ffi::sqlite3_exec(db, c"rollback".as_ptr(), None, null_mut(), null_mut()) };
    }
    let reason = match &stop {
        Some(signals) if signals.evicted() => Reason::Evicted,
        Some(signals) if signals.disposed() => Reason::Disposed,
        Some(_) => Reason::Terminated,
        None if late => Reason::Late,
        None => Reason::Asked,
    };
    if let Some(signals) = stop {
        signals.acknowledge_stop();
    }
    ENDED.set((db, reason));
}

/// Whether the connection is to run nothing any more.
fn must_stop(signals: &Signals) -> bool {
    signals.stop_asked() || signals.evicted()
}

/// Whether the connection was asked to stop, or taken for dead; it gives everything up then.
pub fn is_stopped(db: Sqlite) -> bool {
    let stopped = signals(db).as_ref().is_some_and(must_stop);
    if stopped {
        end(db, false);
    }
    stopped
}

/// Before anything begins on a connection: false if it must not. Does what else the connection was asked
/// for, unless a statement that is `busy` runs on.
pub fn may_begin(db: Sqlite, busy: bool) -> bool {
    begin();
    if let Some(signals) = signals(db).filter(|signals| signals.any_asked() || signals.evicted()) {
        if must_stop(&signals) {
            end(db, false);
            return false;
        }
        if !busy {
            signals.reap_if_asked();
            // Meant for a statement that has ended in the meantime.
            signals.clear_interrupt();
        }
    }
    true
}

/// Before a statement runs, or runs on where it is `busy`: false if it must not.
pub fn may_run(db: Sqlite, busy: bool) -> bool {
    if !may_begin(db, busy) {
        return false;
    }
    let late = late(db);
    if late {
        end(db, true);
    }
    !late
}

/// After a call of a user's function, which may have taken long: whether the statement that it belongs
/// to is to end now, with SQLITE_INTERRUPT.
pub fn must_end(db: Sqlite) -> bool {
    let asked = signals(db).is_some_and(|signals| signals.any_asked() || signals.evicted());
    // SAFETY: the connection is open, and the VFS is not in the middle of a call.
    (asked && unsafe { bindings::obey(db) }) || late(db)
}

/// For what runs step by step: ends it if somebody asked for that.
pub fn end_if_asked(db: Sqlite) -> bool {
    let asked = signals(db).filter(Signals::end_asked);
    if let Some(signals) = &asked {
        signals.clear_interrupt();
        ENDED.set((db, Reason::Asked));
    }
    asked.is_some()
}

/// After a statement that ended with SQLITE_INTERRUPT or SQLITE_BUSY: whether it was made to.
pub fn was_interrupted(db: Sqlite) -> bool {
    let late = late(db);
    // SAFETY: the connection is open.
    let ended = late
        || unsafe { ffi::sqlite3_is_interrupted(db) } != 0
        || signals(db).is_some_and(|signals| must_stop(&signals));
    if ended {
        end(db, late);
    }
    ended
}

/// How soon to look again whether what is owed to others can be published.
const OWES_MS: f64 = 50.0;

/// For a connection that runs nothing: does what it is asked for, and publishes what connections of this
/// context could not before. After how many milliseconds to look again, if nobody asks; nothing if it was
/// asked to stop.
#[wasm_bindgen]
pub fn heed(db: Sqlite) -> Option<f64> {
    if let Some(signals) = signals(db) {
        signals.reap_if_asked();
    }
    // SAFETY: the event loop calls, so no call of SQLite is going on.
    let owes = unsafe { bindings::settle_while_idle() };
    let pause = if owes { OWES_MS } else { f64::INFINITY };
    (!is_stopped(db)).then_some(pause)
}

/// Has the connection's statements end so many milliseconds from now; below 0 for no limit.
#[wasm_bindgen]
pub fn limit_time(db: Sqlite, ms: f64) {
    let limit = (ms >= 0.0).then(|| milliseconds(ms));
    LIMITED.with_borrow_mut(|limited| {
        limited.retain(|other| *other != db);
        limited.extend(limit.map(|_| db));
    });
    match signals(db) {
        // SAFETY: the connection is open, and runs nothing now.
        Some(_) => unsafe { bindings::limit_time(db, limit) },
        None => private::limit_time(db, limit),
    }
}

/// After a trap: the connections of this instance are dead. Must be the last call of all.
#[wasm_bindgen]
pub fn abandon() {
    bindings::abandon();
}

/// Has `handler` called with what is thrown where JavaScript calls this instance by itself.
#[wasm_bindgen]
pub fn on_crash(handler: &js_sys::Function) {
    bindings::on_crash(handler);
}
