//! One real SQLite database in WAL mode that the threads of a program share, or the workers of a web
//! page: each has its own [`rusqlite::Connection`] to the same bytes, at memory speed.
//!
//! SQLite's own `:memory:` databases belong to one connection, or go through the shared cache, where
//! readers and writers lock each other out table by table. Here it is SQLite's write-ahead log that
//! runs, over memory: readers never wait and never keep a writer waiting, each sees one state for as long
//! as its transaction lasts, and writers queue, asleep. `PRAGMA journal_mode` answers `wal`.
//!
//! It is for what lives as long as the program or the page: caches, scratch stores, staging areas, query
//! workspaces. What has to outlive them is exported as a file, and imported
//! again.
//!
//! # Between the threads of a program
//!
//! A [`Runtime`] is the database; its clones are the same one. Each thread makes a connection of its own:
//!
//! ```ignore-wasm32
//! use sharedwal::{Runtime, RuntimeOptions, rusqlite::params};
//!
//! let runtime = Runtime::create(&RuntimeOptions::default())?;
//! let db = runtime.connect_blocking()?;
//! db.execute_batch("create table visits (id integer primary key, thread integer, page text)")?;
//!
//! std::thread::scope(|scope| {
//!     for thread in 0..4 {
//!         let runtime = &runtime;
//!         scope.spawn(move || -> Result<(), sharedwal::Error> {
//!             let mut db = runtime.connect_blocking()?;
//!             for page in ["/", "/docs", "/docs/errors"] {
//!                 let transaction = db.transaction()?;
//!                 transaction.execute(
//!                     "insert into visits (thread, page) values (?1, ?2)",
//!                     params![thread, page],
//!                 )?;
//!                 transaction.commit()?;
//!             }
//!             Ok(())
//!         });
//!     }
//! });
//!
//! let visits: u32 = db.query_row("select count(*) from visits", [], |row| row.get(0))?;
//! assert_eq!(visits, 12);
//! # Ok::<(), sharedwal::Error>(())
//! ```
//!
//! A deferred transaction that has read and then writes fails with `SQLITE_BUSY_SNAPSHOT` if somebody else
//! committed in between, as always in WAL mode: begin one that is going to write with
//! [`TransactionBehavior::Immediate`](rusqlite::TransactionBehavior). The crate's folder `examples` has a
//! program with more of this: `cargo run --release --example threads`.
//!
//! # Between the workers of a web page
//!
//! On `wasm32-unknown-unknown` the bytes are `SharedArrayBuffer`s. A runtime converts into the value that
//! `postMessage` carries to a dedicated worker, without a copy, and back. The worker runs an instance of
//! the same WebAssembly module, or of another one:
//!
//! ```no_run
//! # #[cfg(target_arch = "wasm32")]
//! # mod page {
//! use sharedwal::{Runtime, RuntimeOptions};
//! use wasm_bindgen::prelude::*;
//!
//! /// On the page: `worker.postMessage(create())`.
//! #[wasm_bindgen]
//! pub fn create() -> Result<JsValue, JsError> {
//!     let runtime = Runtime::create(&RuntimeOptions::default())?;
//!     Ok(JsValue::from(&runtime))
//! }
//!
//! /// In each worker: `onmessage = async ({ data }) => { … await visit(data) … }`.
//! #[wasm_bindgen]
//! pub async fn visit(handle: JsValue) -> Result<u32, JsError> {
//!     let db = Runtime::try_from(handle)?.connect().await?;
//!     db.execute_batch("create table if not exists visits (id integer primary key)")?;
//!     db.execute("insert into visits default values", [])?;
//!     Ok(db.query_row("select count(*) from visits", [], |row| row.get(0))?)
//! }
//! # }
//! # fn main() {}
//! ```
//!
//! * An async function with `#[wasm_bindgen]` needs the crate `wasm-bindgen-futures` beside `wasm-bindgen`.
//! * The page must be cross-origin isolated: serve it and its workers with
//!   `Cross-Origin-Opener-Policy: same-origin` and `Cross-Origin-Embedder-Policy: require-corp`.
//! * SQLite is compiled by clang for wasm32, which must be there. If `clang` cannot do that, name one:
//!   `CC_wasm32_unknown_unknown=/usr/bin/clang-19`.
//! * The crate has JavaScript of its own, which `wasm-bindgen --target web` (or `bundler`) puts beside the
//!   module; the target `no-modules` cannot.
//! * The main thread must not sleep. There a lock that somebody else holds is `SQLITE_BUSY` at once, so
//!   read there if you like, and write in workers.
//! * Only opening is asynchronous: it waits for the Web Lock by which others know that the worker lives. A
//!   worker that is terminated is cleaned up after; its transaction is rolled back.
//! * A handle made by the npm package `sharedwal` is the same thing: JavaScript and Rust workers share one
//!   database, if both are of versions with the same layout of memory.
//! * Compile the module once, post it, and start it in workers with `initSync`. WebKitGTK 2.50 ends the whole page
//!   when a worker is terminated while it waits for an instance
//!   ([bug 305677](https://bugs.webkit.org/show_bug.cgi?id=305677), mended in January 2026).
//!
//! # Errors
//!
//! The library's own functions return [`Error`]: a [`Code`] of its own with a sentence that says what was
//! wrong and what to do, or SQLite's error. The statements of a connection return [`rusqlite::Error`], which
//! converts into it.
//!
//! ```ignore-wasm32
//! use sharedwal::{Code, Runtime, RuntimeOptions, rusqlite::ErrorCode};
//!
//! let mut options = RuntimeOptions::default();
//! options.max_database_capacity = 1 << 20;
//! let runtime = Runtime::create(&options)?;
//! let db = runtime.connect_blocking()?;
//!
//! // SQLite's: what does not fit is rolled back, and the database goes on.
//! db.execute_batch("create table t (x)")?;
//! let error = db.execute("insert into t values (zeroblob(2000000))", []).unwrap_err();
//! assert_eq!(error.sqlite_error_code(), Some(ErrorCode::DiskFull));
//!
//! // The library's own.
//! let error = runtime.import_database_blocking(b"no database".to_vec()).unwrap_err();
//! assert_eq!(error.code(), Some(Code::InvalidImage));
//! # Ok::<(), sharedwal::Error>(())
//! ```
//!
//! # SQLite
//!
//! SQLite is compiled into the program, with the options that you choose and not this crate: natively
//! `libsqlite3-sys` compiles it and looks at `LIBSQLITE3_FLAGS`, for wasm `sqlite-wasm-rs` and
//! `SQLITE_WASM_RS_FLAGS`, in the environment or in `[env]` of `.cargo/config.toml`. The two have defaults of
//! their own and may have SQLites of different versions. Depend on `rusqlite` beside this crate to turn on
//! features of it, in the version that [`rusqlite`] here is.
//!
//! A connection has foreign keys on, this crate's busy handler, progress handler and `wal_hook`. In place of
//! rusqlite's functions that would take their places use `PRAGMA busy_timeout`, [`set_progress_handler`]
//! and `PRAGMA wal_autocheckpoint`.
//!
//! # Features
//!
//! * `snapshot`: [`Snapshot`](https://docs.rs/sharedwal/latest/sharedwal/struct.Snapshot.html) has several
//!   connections read at one state. SQLite must be compiled with `SQLITE_ENABLE_SNAPSHOT`
//!   (`LIBSQLITE3_FLAGS="-DSQLITE_ENABLE_SNAPSHOT"`), or the program does not link.
//!
//! # Limits
//!
//! * A database is in one process, or in one page and its workers (nested ones too): no other tab, no
//!   SharedWorker, nothing on disk. Its memory is freed with the last clone of the runtime and the last
//!   connection.
//! * A [`Connection`](rusqlite::Connection) is one thread's at a time (`Send`, not `Sync`); a runtime has 64.
//! * The capacities are fixed at creation, 1 GiB each for database and log by default; memory is used as it
//!   is needed. A write past one is `SQLITE_FULL`.
//! * `VACUUM`, and an import or backup beside other connections, go through the log, which must have room
//!   for the whole database.
//! * A reader that keeps its transaction open keeps the log from starting anew;
//!   [`Runtime::diagnostics`] tells which one. After `SQLITE_FULL` for that reason, run
//!   `PRAGMA wal_checkpoint` once it has ended.
//! * A thread that panics drops its connection as it unwinds, and all is well. One that leaks its connection
//!   keeps the locks that it held, as with SQLite on files.

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
    pub use crate::memory::{can_block, now};
    #[cfg(target_arch = "wasm32")]
    pub use crate::runtime::Reservation;
    #[cfg(target_arch = "wasm32")]
    pub use crate::runtime::connect_private;
    #[cfg(target_arch = "wasm32")]
    pub use crate::runtime::image::Done;
    #[cfg(target_arch = "wasm32")]
    pub use crate::runtime::views::{export_view, fill_runtime, import_views, serialize_view};
    pub use crate::signals::Signals;
    #[cfg(target_arch = "wasm32")]
    pub use crate::vfs::settle_while_idle;
    pub use crate::vfs::{StatementTables, Tracker, is_late, last_reason, limit_time, obey, signals};
}

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
pub struct Readme;
