//! The runtime handle of a page: a plain object of `SharedArrayBuffer`s that `postMessage`
//! carries into dedicated workers. The bytes are shared, nothing is copied.

use std::cell::OnceCell;
use std::sync::Arc;

use js_sys::{Array, Object, Reflect, SharedArrayBuffer};
use wasm_bindgen::prelude::*;

use super::description::{self, Description};
use super::options::journal_capacity;
use super::{Inner, Parts, Runtime, RuntimeOptions, registry};
use crate::error::{Code, Error};
use crate::layout::{
    CONTROL_BYTES, INDEX_MAX_PAGES, INDEX_PAGE_BYTES, INDEX_PAGE_WORDS, LAYOUT_VERSION, SUPER_JOURNALS,
};
use crate::lease::Watch;
use crate::memory::shared_array_buffer::Shared;
use crate::memory::{Bytes, Words};

/// The handle as it came.
pub(crate) struct Handle {
    object: Object,
    control: SharedArrayBuffer,
    watch: OnceCell<Watch>,
}

impl Handle {
    pub(crate) fn control(&self) -> &SharedArrayBuffer {
        &self.control
    }

    /// Watches over the runtime's connections for as long as the runtime is used here.
    pub(crate) fn watch(&self, runtime: &Arc<Inner>) {
        self.watch.get_or_init(|| Watch::start(runtime, &self.control));
    }
}

// SAFETY: wasm32 without shared linear memory has one thread an instance.
unsafe impl Send for Handle {}
// SAFETY: as for Send.
unsafe impl Sync for Handle {}

#[wasm_bindgen(module = "/src/runtime/handle.js")]
extern "C" {
    #[wasm_bindgen(catch)]
    fn reserve(initial: f64, max: f64) -> Result<SharedArrayBuffer, JsValue>;
    fn unique_id() -> String;
    fn can_grow() -> bool;
    fn byte_length(buffer: &SharedArrayBuffer) -> f64;
    fn max_byte_length(buffer: &SharedArrayBuffer) -> f64;
}

/// The object that was posted, and its fields.
struct Posted<'a>(&'a Object);

impl Posted<'_> {
    /// `undefined` where it cannot be read.
    fn field(&self, name: &str) -> JsValue {
        Reflect::get(self.0, &name.into()).unwrap_or(JsValue::UNDEFINED)
    }

    fn list(&self, name: &str) -> Option<Array> {
        let value = self.field(name);
        Array::is_array(&value).then(|| value.unchecked_into())
    }
}

impl description::Fields for Posted<'_> {
    type Memory = SharedArrayBuffer;

    fn number(&self, field: &str) -> Option<f64> {
        self.field(field).as_f64()
    }

    fn text(&self, field: &str) -> Option<String> {
        self.field(field).as_string()
    }

    fn memory(&self, field: &str) -> Option<SharedArrayBuffer> {
        self.field(field).dyn_into().ok()
    }

    fn length(&self, field: &str) -> Option<u32> {
        self.list(field).map(|list| list.length())
    }

    fn item(&self, field: &str, index: u32) -> Option<SharedArrayBuffer> {
        self.list(field)?.get(index).dyn_into().ok()
    }
}

impl description::Memory for SharedArrayBuffer {
    fn length(&self) -> u64 {
        byte_length(self) as u64
    }

    fn capacity(&self) -> u64 {
        max_byte_length(self) as u64
    }
}

/// The runtime that was made of this very object, and is in use still.
fn known(object: &Object) -> Option<Arc<Inner>> {
    let id = Reflect::get(object, &"id".into()).ok()?.as_string()?;
    registry::by_id(&id).filter(|known| Object::is(&known.handle.object, object))
}

impl TryFrom<&JsValue> for Runtime {
    type Error = Error;

    /// Takes a handle that `createRuntime()` or [`Runtime::create`] made, in this worker or
    /// another of the same page.
    ///
    /// ```no_run
    /// use sharedwal::Runtime;
    /// use wasm_bindgen::prelude::*;
    ///
    /// /// In the worker: `onmessage = ({ data }) => name_of(data)`.
    /// #[wasm_bindgen]
    /// pub fn name_of(handle: &JsValue) -> Result<String, JsError> {
    ///     let runtime = Runtime::try_from(handle)?;
    ///     Ok(runtime.name().to_owned())
    /// }
    /// ```
    ///
    /// # Errors
    /// [`Code::InvalidRuntime`], [`Code::RuntimeVersion`].
    fn try_from(value: &JsValue) -> Result<Runtime, Error> {
        let object = value.dyn_ref::<Object>();
        let object = object.ok_or_else(|| Error::new(Code::InvalidRuntime, "it is not an object"))?;
        if let Some(known) = known(object) {
            return Ok(Runtime(known));
        }
        let described = Description::read(&Posted(object))?;
        let bytes = |buffers: Vec<SharedArrayBuffer>| {
            buffers.iter().map(|buffer| Arc::new(Shared::bytes(buffer)) as Arc<dyn Bytes>).collect()
        };
        Ok(Runtime::register(Parts {
            id: described.id,
            name: described.name,
            control: Arc::new(Shared::words(&described.control)) as Arc<dyn Words>,
            index: Arc::new(Shared::words(&described.index)),
            database: bytes(described.database),
            write_ahead: bytes(described.write_ahead),
            journal: bytes(described.journal),
            super_journals: bytes(described.super_journals),
            worker: described.worker,
            handle: Handle { object: object.clone(), control: described.control, watch: OnceCell::new() },
        }))
    }
}

impl Parts {
    /// What a runtime has besides its files, under a name that nobody else can know.
    pub(crate) fn without_files(index_words: u32) -> Result<Parts, Error> {
        let id = unique_id();
        let control = reserved(u64::from(CONTROL_BYTES), 0)?;
        Ok(Parts {
            worker: 0,
            name: id.clone(),
            id,
            control: Arc::new(Shared::words(&control)),
            index: Arc::new(Shared::words(&reserved(u64::from(index_words) * 4, 0)?)),
            database: Vec::new(),
            write_ahead: Vec::new(),
            journal: Vec::new(),
            super_journals: Vec::new(),
            handle: Handle { object: Object::new(), control, watch: OnceCell::new() },
        })
    }
}

/// A buffer that can grow to `max` bytes; 0 asks for one of fixed length.
fn reserved(initial: u64, max: u64) -> Result<SharedArrayBuffer, Error> {
    reserve(initial as f64, max as f64).map_err(|error| match error.as_string().as_deref() {
        Some("NOT_CROSS_ORIGIN_ISOLATED") => Error::new(Code::NotCrossOriginIsolated, ""),
        Some("NO_SHARED_ARRAY_BUFFER") => Error::new(Code::NoSharedArrayBuffer, ""),
        Some("NO_GROWABLE_SHARED_ARRAY_BUFFER") => Error::new(Code::NoGrowableSharedArrayBuffer, ""),
        _ => Error::new(Code::ReservationRefused, format!("{} bytes were refused", max.max(initial))),
    })
}

impl TryFrom<JsValue> for Runtime {
    type Error = Error;

    fn try_from(value: JsValue) -> Result<Runtime, Error> {
        Runtime::try_from(&value)
    }
}

impl From<&Runtime> for JsValue {
    /// The handle, for `postMessage`.
    fn from(runtime: &Runtime) -> JsValue {
        runtime.0.handle.object.clone().into()
    }
}

impl Runtime {
    /// Creates a runtime in `SharedArrayBuffer`s.
    ///
    /// ```no_run
    /// use sharedwal::{Runtime, RuntimeOptions};
    /// use wasm_bindgen::prelude::*;
    ///
    /// /// The value for `postMessage`.
    /// #[wasm_bindgen]
    /// pub fn create() -> Result<JsValue, JsError> {
    ///     let runtime = Runtime::create(&RuntimeOptions::default())?;
    ///     Ok(JsValue::from(&runtime))
    /// }
    /// ```
    ///
    /// # Errors
    /// What [`RuntimeOptions::validate`] says; [`Code::ReservationRefused`] where the engine
    /// does not give so much memory, [`Code::NotCrossOriginIsolated`] where it shares none.
    pub fn create(options: &RuntimeOptions) -> Result<Runtime, Error> {
        options.validate()?;
        let fixed = options.fixed_capacity || (options.allow_fixed_capacity_fallback && !can_grow());
        let reserve = |initial, max| if fixed { reserved(max, 0) } else { reserved(initial, max) };
        let list = |initial, max| -> Result<JsValue, Error> {
            let list = Array::new();
            for (len, capacity) in options.segments(initial, max) {
                list.push(&reserve(len, capacity)?.into());
            }
            Ok(list.into())
        };
        let page = u64::from(INDEX_PAGE_BYTES);
        // A frame takes at least 512 bytes of the log.
        let pages = (options.max_write_ahead_capacity / 512 / u64::from(INDEX_PAGE_WORDS / 2) + 2)
            .min(u64::from(INDEX_MAX_PAGES));
        let super_journals = Array::new();
        for _ in 0..SUPER_JOURNALS {
            super_journals.push(&reserve(0, 1 << 16)?.into());
        }
        let object = Object::new();
        let fields: [(&str, JsValue); 10] = [
            ("sharedwal", LAYOUT_VERSION.into()),
            ("id", unique_id().into()),
            ("name", options.name.as_str().into()),
            ("worker", 0.into()),
            ("control", reserved(u64::from(CONTROL_BYTES), 0)?.into()),
            ("index", reserve(page, pages * page)?.into()),
            ("database", list(options.initial_database_capacity, options.max_database_capacity)?),
            ("writeAhead", list(options.initial_write_ahead_capacity, options.max_write_ahead_capacity)?),
            ("journal", list(0, journal_capacity(options.max_database_capacity))?),
            ("superJournals", super_journals.into()),
        ];
        for (name, value) in fields {
            Reflect::set(&object, &name.into(), &value)
                .map_err(|_| Error::new(Code::InvalidRuntime, name))?;
        }
        let runtime = Runtime::try_from(&object.into())?;
        options.note(runtime.0.control().as_ref());
        Ok(runtime)
    }
}
