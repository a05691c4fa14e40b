//! The runtimes that this program, or this worker's wasm instance, has open: SQLite knows a
//! database by its path alone.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError, Weak};

use super::Inner;

static RUNTIMES: LazyLock<Mutex<HashMap<String, Weak<Inner>>>> = LazyLock::new(Mutex::default);

fn runtimes() -> MutexGuard<'static, HashMap<String, Weak<Inner>>> {
    // The map is whole between any two statements that could panic.
    RUNTIMES.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Makes a runtime known; returns the one that is known under its id already, if any.
pub fn insert(runtime: Arc<Inner>) -> Arc<Inner> {
    let mut runtimes = runtimes();
    runtimes.retain(|_, runtime| runtime.strong_count() > 0);
    if let Some(known) = runtimes.get(runtime.id()).and_then(Weak::upgrade) {
        return known;
    }
    runtimes.insert(runtime.id().to_owned(), Arc::downgrade(&runtime));
    runtime
}

/// The runtime of this id.
pub fn by_id(id: &str) -> Option<Arc<Inner>> {
    runtimes().get(id).and_then(Weak::upgrade)
}

/// The runtime of this name, or why there is not exactly one.
pub fn by_name(name: &str) -> Result<Arc<Inner>, String> {
    let found: Vec<_> =
        runtimes().values().filter_map(Weak::upgrade).filter(|it| it.name() == name).collect();
    match <[Arc<Inner>; 1]>::try_from(found) {
        Ok([runtime]) => Ok(runtime),
        Err(none) if none.is_empty() => Err(format!(
            "no runtime named '{name}' is open in this worker; open a connection to it here before attaching it"
        )),
        Err(several) => Err(format!(
            "{} runtimes named '{name}' are open in this worker; attach the one that is meant by its path '/<id>/{name}'",
            several.len()
        )),
    }
}
