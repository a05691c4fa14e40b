//! A connection's proof of life: a Web Lock that the browser frees when its worker ends; and the
//! watch over those of others.

use std::sync::{Arc, Weak};

use js_sys::{Function, SharedArrayBuffer};
use wasm_bindgen::prelude::*;

use crate::layout::{ROSTER, SLOTS, slot, slot_states, slot_word};
use crate::reaping::{reap, reap_marked};
use crate::runtime::Inner;

#[wasm_bindgen(module = "/src/lease.js")]
extern "C" {
    async fn acquire(
        runtime: String,
        index: u32,
        control: &SharedArrayBuffer,
        slot: u32,
        word: u32,
    ) -> JsValue;
    #[wasm_bindgen(js_name = release)]
    fn give_up(id: u32);
    #[wasm_bindgen(js_name = abandon)]
    fn abandon_all(live: u32, dead: u32);
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

/// A held Web Lock; dropping it frees the lock.
pub struct Lease(u32);

impl Lease {
    /// Waits until the lock of this runtime, slot and generation is held. `None` where the
    /// context has no Web Locks.
    pub async fn acquire(
        runtime: &str,
        control: &SharedArrayBuffer,
        index: u32,
        generation: u32,
    ) -> Option<Lease> {
        let word = slot_word(generation, 0);
        let id = acquire(runtime.to_owned(), index, control, slot(index), word).await;
        let id = id.as_f64().unwrap_or(0.0) as u32;
        (id != 0).then_some(Lease(id))
    }
}

impl Lease {
    /// Whether it proves that the connection lives.
    pub fn proves(&self) -> bool {
        true
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        give_up(self.0);
    }
}

/// After a trap in this instance: marks its connections dead and frees their locks. Touches no
/// memory of the instance.
pub fn abandon() {
    abandon_all(slot_states::LIVE, slot_states::DEAD);
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
                // Who is still marked could not be reaped when the proof came.
                if let Some((reaper, _inside)) = runtime.reaper() {
                    reap_marked(runtime.control(), reaper);
                }
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
