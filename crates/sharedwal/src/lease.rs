//! A connection's proof of life: a Web Lock that the browser frees when its worker ends; and the
//! watch over those of others.

use std::sync::{Arc, Weak};

use js_sys::{Function, Promise, SharedArrayBuffer};
use wasm_bindgen::prelude::*;

use crate::layout::{ROSTER, SLOTS, WEB_LOCKS_OFF, WORKER_VOUCHED, slot, slot_states, slot_word};
use crate::reaping::reap;
use crate::runtime::Inner;

#[wasm_bindgen(module = "/src/lease.js")]
extern "C" {
    fn acquire(
        runtime: &str,
        index: u32,
        control: &SharedArrayBuffer,
        slot: u32,
        word: u32,
        wanted: bool,
        vouched: bool,
    ) -> Promise;
    fn is_proof(id: u32) -> bool;
    #[wasm_bindgen(js_name = release)]
    fn give_up(id: u32);
    #[wasm_bindgen(js_name = abandon)]
    fn abandon_all(attaching: u32, attached: &[u32], dead: u32);
    #[wasm_bindgen(js_name = on_crash)]
    fn tell_of_crash(handler: &Function);
    fn states(mask: u32, attaching: u32, live: u32) -> JsValue;
    #[wasm_bindgen(js_name = watch)]
    fn watch_over(
        runtime: &str,
        control: &SharedArrayBuffer,
        first_slot: u32,
        slots: u32,
        roster: u32,
        states: &JsValue,
        reap: &Closure<dyn FnMut(u32, u32)>,
        beat: &Closure<dyn FnMut()>,
    ) -> Function;
}

/// A held Web Lock; dropping it frees the lock. Where the context has none, it stands for a
/// connection whose death nobody can prove by it.
pub struct Lease(u32);

impl Lease {
    /// Asks for the lock of this runtime, slot and generation, unless the runtime was made without.
    /// The promise resolves, once it is held, to what [`Lease::held`] takes; it is never rejected.
    pub(crate) fn request(
        runtime: &Inner,
        control: &SharedArrayBuffer,
        index: u32,
        generation: u32,
    ) -> Promise {
        let wanted = runtime.control().load(WEB_LOCKS_OFF) == 0;
        let vouched = runtime.worker() & WORKER_VOUCHED != 0;
        let word = slot_word(generation, 0);
        acquire(runtime.id(), index, control, slot(index), word, wanted, vouched)
    }

    /// What was asked for.
    pub fn held(id: &JsValue) -> Option<Lease> {
        id.as_f64().map(|id| Lease(id as u32))
    }

    /// Whether its loss is a proof of death, or that will be had otherwise.
    pub fn is_proof(&self) -> bool {
        is_proof(self.0)
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        give_up(self.0);
    }
}

/// After a trap in this instance: marks its connections dead, frees their locks and ends its watches,
/// which would call into it. Touches no memory of the instance.
pub fn abandon() {
    let attached = [slot_states::UNPROVEN, slot_states::INSIDE, slot_states::LIVE];
    abandon_all(slot_states::ATTACHING, &attached, slot_states::DEAD);
}

/// Has `handler` called with what is thrown where JavaScript calls this instance by itself, and
/// nobody else would see it.
pub fn on_crash(handler: &Function) {
    tell_of_crash(handler);
}

/// The watch over the connections of a runtime; dropping it ends it.
pub struct Watch {
    stop: Function,
    /// What JavaScript calls; kept for as long as it may.
    _reap: Closure<dyn FnMut(u32, u32)>,
    _beat: Closure<dyn FnMut()>,
}

impl Watch {
    /// From now on, whenever this context's event loop runs: reaps dead connections of the runtime,
    /// and shows that the context's own live.
    pub fn start(runtime: &Arc<Inner>, control: &SharedArrayBuffer) -> Watch {
        let id = runtime.id().to_owned();
        let runtime: Weak<Inner> = Arc::downgrade(runtime);
        let own = runtime.clone();
        let beat = Closure::new(move || {
            if let Some(runtime) = own.upgrade() {
                runtime.beat();
            }
        });
        let reap = Closure::new(move |slot, generation| {
            if let Some(runtime) = runtime.upgrade()
                && let Some((reaper, _inside)) = runtime.reaper()
            {
                reap(runtime.control(), reaper, slot, generation);
            }
        });
        let states = states(slot_states::MASK, slot_states::ATTACHING, slot_states::LIVE);
        let stop = watch_over(&id, control, slot(0), SLOTS, ROSTER, &states, &reap, &beat);
        Watch { stop, _reap: reap, _beat: beat }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let _ = self.stop.call0(&JsValue::NULL);
    }
}
