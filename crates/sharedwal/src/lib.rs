//! One real SQLite database in WAL mode, shared by the workers of a web page, or by the threads
//! of a program: each runs its own SQLite on the same bytes, at memory speed.
//!
//! On `wasm32-unknown-unknown` the bytes are `SharedArrayBuffer`s and the handle travels by
//! `postMessage`; elsewhere they are on the heap, and a [`Runtime`] is cloned into the threads:
//!
//! ```
//! # #[cfg(not(target_arch = "wasm32"))]
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use sharedwal::{Runtime, RuntimeOptions};
//!
//! let runtime = Runtime::create(&RuntimeOptions::default())?;
//! let db = runtime.connect_blocking()?;
//! db.execute_batch("create table t (x); insert into t values (7)")?;
//!
//! let there = runtime.clone();
//! let sum: i64 = std::thread::spawn(move || {
//!     let db = there.connect_blocking().unwrap();
//!     db.query_row("select sum(x) from t", [], |row| row.get(0)).unwrap()
//! }).join().unwrap();
//! assert_eq!(sum, 7);
//! # Ok(())
//! # }
//! # #[cfg(target_arch = "wasm32")]
//! # fn main() {}
//! ```

// The tests that look inside run natively; the hooks that they use are idle in a wasm test build.
#![cfg_attr(all(test, target_arch = "wasm32"), allow(dead_code, unused_imports))]

mod connections;
mod counters;
mod error;
// Natively no connection is evicted, but in tests.
#[cfg(any(test, target_arch = "wasm32"))]
mod eviction;
mod feed;
mod fence;
mod file;
mod injection;
#[doc(hidden)]
pub mod layout;
#[cfg(target_arch = "wasm32")]
mod lease;
mod locks;
mod memory;
mod ordered_section;
// Natively there is no proof of death to act on.
#[cfg(any(test, target_arch = "wasm32"))]
mod reaping;
mod runtime;
mod signals;
#[cfg(feature = "snapshot")]
mod snapshot;
#[cfg(all(test, not(target_arch = "wasm32")))]
mod tests;
mod vfs;
mod wal_index;

pub use error::{Code, Error};
pub use file::SegmentCounts;
pub use runtime::{
    ConnectOptions, ConnectionDiagnostics, ConnectionState, Counters, Diagnostics, FileDiagnostics, HeldLock,
    Image, JournalMode, Runtime, RuntimeOptions,
};
pub use rusqlite;
#[cfg(feature = "snapshot")]
pub use snapshot::Snapshot;
pub use vfs::{is_evicted, set_progress_handler, set_time_limit};

/// For the bindings of this project alone.
#[doc(hidden)]
pub mod bindings {
    #[cfg(target_arch = "wasm32")]
    pub use crate::lease::{abandon, on_crash};
    pub use crate::memory::can_block;
    #[cfg(target_arch = "wasm32")]
    pub use crate::runtime::Reservation;
    #[cfg(target_arch = "wasm32")]
    pub use crate::runtime::image::Done;
    #[cfg(target_arch = "wasm32")]
    pub use crate::runtime::views::{export_view, import_views};
    pub use crate::signals::Signals;
    pub use crate::vfs::{StatementTables, Tracker, is_late, last_reason, limit_time, signals};
}
