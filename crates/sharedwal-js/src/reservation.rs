//! Slots that are kept for connections. Opening one waits for a Web Lock, but no call into the
//! instance does: a trap in an asynchronous function would never be heard of.

use std::cell::RefCell;
use std::collections::HashMap;

use sharedwal::bindings::Reservation;
use sharedwal::{Error, Runtime, rusqlite};
use wasm_bindgen::prelude::*;

use crate::connection::to_js;

#[derive(Default)]
struct Reservations {
    kept: HashMap<u32, Reservation>,
    last: u32,
}

thread_local! {
    static RESERVATIONS: RefCell<Reservations> = RefCell::default();
}

#[wasm_bindgen(inline_js = "export function reserved(reservation, lease) { return { reservation, lease }; }")]
extern "C" {
    fn reserved(reservation: u32, lease: Option<&js_sys::Promise>) -> JsValue;
}

/// Keeps a slot on a runtime handle: its number, and a promise of the `lease` that goes with it in the
/// calls that take both, unless there is nothing to wait for; else the error.
#[wasm_bindgen]
pub fn reserve(handle: &JsValue) -> JsValue {
    match Runtime::try_from(handle).and_then(|runtime| runtime.reserve()) {
        Ok((reservation, lease)) => RESERVATIONS.with_borrow_mut(|reservations| {
            reservations.last = reservations.last.wrapping_add(1);
            reservations.kept.insert(reservations.last, reservation);
            reserved(reservations.last, lease.as_ref())
        }),
        Err(error) => to_js(error),
    }
}

/// Gives the slot back.
#[wasm_bindgen]
pub fn forgo(reservation: u32, lease: &JsValue) {
    drop(take(reservation, lease));
}

/// The slot that was kept, to be used.
pub fn take(number: u32, lease: &JsValue) -> Result<Reservation, Error> {
    let kept = RESERVATIONS.with_borrow_mut(|reservations| reservations.kept.remove(&number));
    let mut reservation = kept.ok_or(Error::Sqlite(rusqlite::Error::InvalidQuery))?;
    reservation.hold(lease);
    Ok(reservation)
}
