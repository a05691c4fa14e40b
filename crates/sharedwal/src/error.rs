//! Every error of the library itself, each with a stable code. What SQLite reports comes through
//! [`rusqlite::Error`] unchanged, inside [`Error::Sqlite`].

use std::fmt;

macro_rules! codes {
    ($($(#[doc = $doc:literal])+ $variant:ident = $text:literal, $advice:literal;)+) => {
        /// What went wrong, as a code that does not change between versions.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Code { $($(#[doc = $doc])+ $variant,)+ }

        impl Code {
            /// Every code, in the order of the documentation.
            pub const ALL: &[Code] = &[$(Code::$variant,)+];

            /// The code as users of JavaScript see it, such as `RUNTIME_DISPOSED`.
            pub const fn as_str(self) -> &'static str {
                match self { $(Code::$variant => $text,)+ }
            }

            /// What the code means and what to do about it, in a sentence or two.
            pub const fn advice(self) -> &'static str {
                match self { $(Code::$variant => $advice,)+ }
            }
        }
    };
}

codes! {
    /// The page is not cross-origin isolated.
    NotCrossOriginIsolated = "NOT_CROSS_ORIGIN_ISOLATED", "The page is not cross-origin isolated, so the browser shares no memory between workers. Serve the document and its workers with the headers 'Cross-Origin-Opener-Policy: same-origin' and 'Cross-Origin-Embedder-Policy: require-corp'.";
    /// The engine has no `SharedArrayBuffer`.
    NoSharedArrayBuffer = "NO_SHARED_ARRAY_BUFFER", "This engine has no SharedArrayBuffer. Use a current browser, in a secure context (https or localhost).";
    /// The engine cannot grow a `SharedArrayBuffer`.
    NoGrowableSharedArrayBuffer = "NO_GROWABLE_SHARED_ARRAY_BUFFER", "This engine cannot grow a SharedArrayBuffer in place. Pass allowFixedCapacityFallback: true to take the maximum capacities at once, and choose them small.";
    /// The engine refused to reserve the capacity asked for.
    ReservationRefused = "RESERVATION_REFUSED", "The engine refused to reserve this much shared memory. Pass a smaller maxDatabaseCapacityBytes or maxWriteAheadCapacityBytes.";
    /// A capacity is not a positive whole number, or the capacities contradict each other.
    InvalidCapacity = "INVALID_CAPACITY", "A capacity must be a positive whole number of bytes, and an initial capacity must not be larger than its maximum.";
    /// An option has the wrong type or value.
    InvalidOption = "INVALID_OPTION", "An option has the wrong type or an impossible value; the message names it.";
    /// The value is not a runtime handle.
    InvalidRuntime = "INVALID_RUNTIME", "The value is not a sharedwal runtime. Pass the object that createRuntime() returned, or the one that postMessage() delivered.";
    /// The handle was made by a version with another layout of shared memory.
    RuntimeVersion = "RUNTIME_VERSION", "The runtime was made by another version of sharedwal with another memory layout. Load the same version in every worker of the page.";
    /// The runtime was disposed of.
    RuntimeDisposed = "RUNTIME_DISPOSED", "The runtime was disposed of. Create a new one.";
    /// The runtime still has connections.
    RuntimeInUse = "RUNTIME_IN_USE", "The runtime still has open connections. Close them first.";
    /// All connection slots are taken.
    TooManyConnections = "TOO_MANY_CONNECTIONS", "All 64 connections of the runtime are in use. Close one first.";
    /// The bytes to import are not a sound database.
    InvalidImage = "INVALID_IMAGE", "The bytes are not a sound SQLite database, so nothing was imported. Pass a database file whole, and with it the -wal file that was beside it, if any.";
    /// The database to import is larger than the runtime can hold.
    ImageTooLarge = "IMAGE_TOO_LARGE", "The image is larger than the database can become, so nothing was imported. Create a runtime with a larger maxDatabaseCapacityBytes.";
    /// Nobody read a stream of the database for too long.
    ExportAbandoned = "EXPORT_ABANDONED", "Nobody read the stream of the database for longer than idleTimeout, so its read transaction was ended: the write-ahead log cannot be reused while it lasts. Read the stream faster, pass exportStream() a longer idleTimeout, or take bytes by exportDatabase().";
    /// The connection was closed.
    ConnectionClosed = "CONNECTION_CLOSED", "The connection was closed. Open another with open(runtime).";
    /// The statement or its connection is in the middle of a query.
    StatementBusy = "STATEMENT_BUSY", "The statement is in the middle of a query. Finish or leave its iteration first.";
    /// An integer does not fit into a JavaScript number.
    IntegerOutOfRange = "INTEGER_OUT_OF_RANGE", "The integer is beyond 2^53 - 1 and would be rounded. Call safeIntegers() on the statement, or defaultSafeIntegers() on the database, to get a bigint.";
    /// An iterator was left in its middle, and its rows are gone.
    IteratorAbandoned = "ITERATOR_ABANDONED", "The iterator was left alone for so long that its read transaction was ended. Use all(), or run fewer other statements between two of its rows.";
    /// The WebAssembly module could not be loaded.
    WasmLoadFailed = "WASM_LOAD_FAILED", "The WebAssembly module could not be fetched or compiled. Serve sharedwal.wasm beside the package's JavaScript, or pass wasmUrl or wasmModule.";
    /// A connection was to be opened at once, and the module is not there yet.
    NotInitialized = "NOT_INITIALIZED", "The WebAssembly module is not loaded yet, which cannot be waited for here. Call `await init({ runtimes })` of 'sharedwal/better-sqlite3' once in this context before the first `new Database()`.";
    /// No runtime was registered under this name.
    UnknownDatabase = "UNKNOWN_DATABASE", "Names are opened that init() registered. Pass it the runtime, or the runtime itself in place of a name; ':memory:' is a private database.";
    /// This instance crashed earlier.
    Poisoned = "POISONED", "The WebAssembly instance of this worker crashed earlier, so its connections cannot be trusted. Start a new worker; the database is sound.";
    /// The connection is executing a query and was used from within it.
    ConnectionBusy = "CONNECTION_BUSY", "The connection is executing a query. Wait for it to end: do not use the connection inside its own functions: verbose, and those of function(), aggregate() and table().";
    /// The value is not a snapshot.
    InvalidSnapshot = "INVALID_SNAPSHOT", "The value is not a snapshot. Pass what db.snapshot() returned, or what postMessage() delivered of it.";
    /// The snapshot is of another runtime.
    ForeignSnapshot = "FOREIGN_SNAPSHOT", "The snapshot is of another runtime. Read at it by a connection to the runtime that it was taken of.";
    /// The connection was taken for dead.
    Evicted = "EVICTED", "Nothing was heard of this connection for longer than lockStaleMs, and no Web Lock proved that it lived, so others took it for dead: its transaction was rolled back, and nothing of it reaches the database any more. Close it and open another; pass createRuntime() a lockStaleMs that is longer than any pause.";
    /// What is asked for needs a transaction that has not written.
    NoReadTransaction = "NO_READ_TRANSACTION", "A snapshot belongs to a read transaction. Begin one with BEGIN, write nothing in it, and keep it open for as long as others read at the snapshot.";
    /// What is asked for must be the first thing in a transaction.
    InTransaction = "IN_TRANSACTION", "The connection is in the middle of a transaction. End it first: a snapshot is opened at the beginning of one.";
    /// The state of the database cannot be taken as a snapshot.
    SnapshotUnavailable = "SNAPSHOT_UNAVAILABLE", "Snapshots exist in WAL mode alone; see PRAGMA journal_mode.";
    /// What is asked for cannot exist here.
    Unsupported = "UNSUPPORTED", "sharedwal cannot do this; the message says why.";
    /// A function got an argument that it cannot use.
    InvalidArgument = "INVALID_ARGUMENT", "An argument is of the wrong kind, or there are too few or too many; the message says which.";
    /// A pool was closed.
    PoolClosed = "POOL_CLOSED", "The pool was closed, and what was not done by then is not done. Create another with createPool(runtime).";
    /// A worker of a pool ended in the middle of a call.
    WorkerDied = "WORKER_DIED", "The worker ended in the middle of the call; another has taken its place. What was not committed is rolled back, but a write may have been committed just before: look, or make it so that it can be repeated.";
    /// A worker of a pool could not be started.
    WorkerLoadFailed = "WORKER_LOAD_FAILED", "A worker of the pool could not be started. Serve pool_worker.js beside the package's JavaScript, or pass createPool() a workerUrl.";
    /// A transaction of a pool is over.
    TransactionEnded = "TRANSACTION_ENDED", "The transaction is over: it was committed or rolled back, by its end, an error or a statement in it. Begin another with pool.transaction().";
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// An error of the library: one of its own, which has a [`Code`], or SQLite's.
///
/// ```ignore-wasm32
/// # use sharedwal::{Code, Runtime, RuntimeOptions};
/// # let runtime = Runtime::create(&RuntimeOptions::default())?;
/// let db = runtime.connect_blocking()?;
/// let error = runtime.dispose().unwrap_err();
/// assert_eq!(error.code(), Some(Code::RuntimeInUse));
/// assert_eq!(
///     error.to_string(),
///     "1 connections are open. The runtime still has open connections. Close them first."
/// );
/// # Ok::<(), sharedwal::Error>(())
/// ```
///
/// In a wasm-bindgen function `?` makes it a `JsError`, as it does of every [`std::error::Error`].
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// One of the library's own errors.
    Own {
        /// The stable code.
        code: Code,
        /// What was wrong in this case.
        detail: String,
    },
    /// SQLite's own error.
    Sqlite(rusqlite::Error),
}

impl Error {
    pub(crate) fn new(code: Code, detail: impl Into<String>) -> Self {
        Error::Own { code, detail: detail.into() }
    }

    /// The library's code; `None` for an error of SQLite's.
    pub fn code(&self) -> Option<Code> {
        match self {
            Error::Own { code, .. } => Some(*code),
            Error::Sqlite(_) => None,
        }
    }

    /// SQLite's code, as [`rusqlite::Error::sqlite_error_code`] has it; `None` for an error of the
    /// library's own.
    pub fn sqlite_error_code(&self) -> Option<rusqlite::ErrorCode> {
        match self {
            Error::Own { .. } => None,
            Error::Sqlite(error) => error.sqlite_error_code(),
        }
    }
}

impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Self {
        Error::Sqlite(error)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Own { code, detail } if detail.is_empty() => f.write_str(code.advice()),
            Error::Own { code, detail } => write!(f, "{detail}. {}", code.advice()),
            Error::Sqlite(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Error::Own { .. } => None,
            // SQLite's error is this one's text already.
            Error::Sqlite(error) => error.source(),
        }
    }
}
