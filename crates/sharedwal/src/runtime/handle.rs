//! The runtime handle of a page: a plain object of `SharedArrayBuffer`s that `postMessage`
//! carries into dedicated workers. The bytes are shared, nothing is copied.

use std::cell::OnceCell;
use std::sync::Arc;

use js_sys::{Array, Object, Reflect, SharedArrayBuffer};
use wasm_bindgen::prelude::*;

use super::options::{check_name, journal_capacity};
use super::{Inner, Parts, Runtime, RuntimeOptions};
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
}

fn invalid(detail: &str) -> Error {
    Error::new(Code::InvalidRuntime, detail)
}

fn field(object: &Object, name: &str) -> Result<JsValue, Error> {
    Reflect::get(object, &name.into()).map_err(|_| invalid(&format!("{name} cannot be read")))
}

fn text(object: &Object, name: &str) -> Result<String, Error> {
    field(object, name)?.as_string().ok_or_else(|| invalid(&format!("{name} is not a string")))
}

fn buffer(value: JsValue, name: &str) -> Result<SharedArrayBuffer, Error> {
    value.dyn_into().map_err(|_| invalid(&format!("{name} is not a SharedArrayBuffer")))
}

fn segments(object: &Object, name: &str) -> Result<Vec<Arc<dyn Bytes>>, Error> {
    let value = field(object, name)?;
    if !Array::is_array(&value) {
        return Err(invalid(&format!("{name} is not an array")));
    }
    let list: Vec<Arc<dyn Bytes>> = Array::from(&value)
        .iter()
        .map(|value| Ok(Arc::new(Shared::new(&buffer(value, name)?)) as Arc<dyn Bytes>))
        .collect::<Result<_, Error>>()?;
    let Some((last, others)) = list.split_last() else { return Err(invalid(&format!("{name} is empty"))) };
    // A position finds its segment by division, so all but the last are of one size.
    let size = others.first().unwrap_or(last).capacity();
    if others.iter().any(|segment| segment.capacity() != size) || last.capacity() > size {
        return Err(invalid(&format!("{name} has segments of different sizes")));
    }
    Ok(list)
}

impl TryFrom<&JsValue> for Runtime {
    type Error = Error;

    /// Takes a handle that `createRuntime()` or [`Runtime::create`] made, in this worker or
    /// another of the same page.
    ///
    /// # Errors
    /// [`Code::InvalidRuntime`], [`Code::RuntimeVersion`].
    fn try_from(value: &JsValue) -> Result<Runtime, Error> {
        let object = value.dyn_ref::<Object>().ok_or_else(|| invalid("it is not an object"))?;
        let version = field(object, "sharedwal")?.as_f64().ok_or_else(|| invalid("it has no version"))?;
        if version != f64::from(LAYOUT_VERSION) {
            let detail = format!("its layout is version {version}, this package's is {LAYOUT_VERSION}");
            return Err(Error::new(Code::RuntimeVersion, detail));
        }
        let id = text(object, "id")?;
        let name = text(object, "name")?;
        check_name(&id).map_err(|_| invalid("its id cannot be part of a path"))?;
        check_name(&name).map_err(|_| invalid("its name cannot be part of a path"))?;
        let worker = field(object, "worker")?.as_f64().ok_or_else(|| invalid("worker is not a number"))?;
        let control = buffer(field(object, "control")?, "control")?;
        if control.byte_length() != CONTROL_BYTES {
            return Err(invalid("its control block has a wrong size"));
        }
        let index = buffer(field(object, "index")?, "index")?;
        let super_journals = segments(object, "superJournals")?;
        if super_journals.len() != SUPER_JOURNALS as usize {
            return Err(invalid("superJournals has a wrong length"));
        }
        Ok(Runtime::register(Parts {
            id,
            name,
            worker: worker as u32,
            control: Arc::new(Shared::new(&control)) as Arc<dyn Words>,
            index: Arc::new(Shared::new(&index)),
            database: segments(object, "database")?,
            write_ahead: segments(object, "writeAhead")?,
            journal: segments(object, "journal")?,
            super_journals,
            handle: Handle { object: object.clone(), control, watch: OnceCell::new() },
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
            control: Arc::new(Shared::new(&control)),
            index: Arc::new(Shared::new(&reserved(u64::from(index_words) * 4, 0)?)),
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
            Reflect::set(&object, &name.into(), &value).map_err(|_| invalid(name))?;
        }
        Runtime::try_from(&object.into())
    }
}
