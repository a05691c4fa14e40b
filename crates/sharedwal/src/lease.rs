//! A connection's proof of life: a Web Lock that its worker holds for all of its connections to a
//! runtime, and that the browser frees when the worker ends; and the watch over those of others.

use std::sync::{Arc, Weak};

use js_sys::{Function, Promise, SharedArrayBuffer};
use wasm_bindgen::prelude::*;

use crate::layout::{
    CONNECTION_STRIDE, ROSTER, SLOTS, WEB_LOCKS_OFF, WORKER_VOUCHED, connection, connection_id,
    connection_word, slot, slot_states, slot_word,
};
use crate::reaping::reap;
use crate::runtime::Inner;

#[wasm_bindgen(module = "/src/lease.js")]
extern "C" {
    fn acquire(
        runtime: &str,
        connection: u32,
        control: &SharedArrayBuffer,
        slot: u32,
        word: u32,
        wanted: bool,
        vouched: bool,
    ) -> Promise;
    fn join(
        runtime: &str,
        control: &SharedArrayBuffer,
        slot: u32,
        word: u32,
        wanted: bool,
        vouched: bool,
    ) -> u32;
    fn is_proof(id: u32) -> bool;
    fn proof(id: u32) -> u32;
    #[wasm_bindgen(js_name = release)]
    fn give_up(id: u32);
    #[wasm_bindgen(js_name = abandon)]
    fn abandon_all(attaching: u32, attached: &[u32], dead: u32);
    #[wasm_bindgen(js_name = on_crash)]
    fn tell_of_crash(handler: &Function);
    fn states(mask: u32, attaching: u32, live: u32, dead: u32) -> JsValue;
    fn places(slots: u32, roster: u32, slot: u32, proof: u32, proof_check: u32, stride: u32) -> JsValue;
    #[wasm_bindgen(js_name = watch)]
    fn watch_over(
        runtime: &str,
        control: &SharedArrayBuffer,
        places: &JsValue,
        states: &JsValue,
        reap: &Closure<dyn FnMut(u32, u32)>,
        beat: &Closure<dyn FnMut()>,
    ) -> Function;
}

/// A connection's part in its worker's Web Lock; dropping the last one frees the lock. Where the context
/// has none, it stands for a connection whose death nobody can prove by it.
pub struct Lease(u32);

impl Lease {
    /// Asks for this worker's lock for the runtime, unless the runtime was made without. The promise
    /// resolves, once it is held, to what [`Lease::held`] takes; it is never rejected.
    pub(crate) fn request(
        runtime: &Inner,
        control: &SharedArrayBuffer,
        index: u32,
        generation: u32,
    ) -> Promise {
        let (wanted, vouched) = wishes(runtime);
        let (id, word) = (connection_id(index, generation), slot_word(generation, 0));
        acquire(runtime.id(), id, control, slot(index), word, wanted, vouched)
    }

    /// The proof of life, if there is nothing to wait for: this worker holds the lock already, or somebody
    /// vouches for it and there is no lock.
    pub(crate) fn at_once(
        runtime: &Inner,
        control: &SharedArrayBuffer,
        index: u32,
        generation: u32,
    ) -> Option<Lease> {
        let (wanted, vouched) = wishes(runtime);
        match join(runtime.id(), control, slot(index), slot_word(generation, 0), wanted, vouched) {
            0 => None,
            id => Some(Lease(id)),
        }
    }

    /// What was asked for.
    pub fn held(id: &JsValue) -> Option<Lease> {
        id.as_f64().map(|id| Lease(id as u32))
    }

    /// Whether its loss is a proof of death, or that will be had otherwise.
    pub fn is_proof(&self) -> bool {
        is_proof(self.0)
    }

    /// The id of the connection for which the lock was taken.
    pub fn proof(&self) -> u32 {
        proof(self.0)
    }
}

/// Whether connections are to prove by Web Locks that they live, and whether somebody vouches for this
/// worker.
fn wishes(runtime: &Inner) -> (bool, bool) {
    (runtime.control().load(WEB_LOCKS_OFF) == 0, runtime.worker() & WORKER_VOUCHED != 0)
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
        let states = states(slot_states::MASK, slot_states::ATTACHING, slot_states::LIVE, slot_states::DEAD);
        let [proof, proof_check] =
            [connection_word::PROOF, connection_word::PROOF_CHECK].map(|word| connection(0) + word);
        let places = places(SLOTS, ROSTER, slot(0), proof, proof_check, CONNECTION_STRIDE);
        let stop = watch_over(&id, control, &places, &states, &reap, &beat);
        Watch { stop, _reap: reap, _beat: beat }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let _ = self.stop.call0(&JsValue::NULL);
    }
}
