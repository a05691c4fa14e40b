// Generated from crates/sharedwal/src/error.rs; do not edit.

/** Every error code of sharedwal itself: what it means and what to do. */
export const CODES = {
  NOT_CROSS_ORIGIN_ISOLATED:
    "The page is not cross-origin isolated, so the browser shares no memory between workers. Serve the document and its workers with the headers 'Cross-Origin-Opener-Policy: same-origin' and 'Cross-Origin-Embedder-Policy: require-corp'.",
  NO_SHARED_ARRAY_BUFFER:
    'This engine has no SharedArrayBuffer. Use a current browser, in a secure context (https or localhost).',
  NO_GROWABLE_SHARED_ARRAY_BUFFER:
    'This engine cannot grow a SharedArrayBuffer in place. Pass allowFixedCapacityFallback: true to take the maximum capacities at once, and choose them small.',
  RESERVATION_REFUSED:
    'The engine refused to reserve this much shared memory. Pass a smaller maxDatabaseCapacityBytes or maxWriteAheadCapacityBytes.',
  INVALID_CAPACITY:
    'A capacity must be a positive whole number of bytes, and an initial capacity must not be larger than its maximum.',
  INVALID_OPTION: 'An option has the wrong type or an impossible value; the message names it.',
  INVALID_RUNTIME:
    'The value is not a sharedwal runtime. Pass the object that createRuntime() returned, or the one that postMessage() delivered.',
  RUNTIME_VERSION:
    'The runtime was made by another version of sharedwal with another memory layout. Load the same version in every worker of the page.',
  RUNTIME_DISPOSED: 'The runtime was disposed of. Create a new one.',
  RUNTIME_IN_USE: 'The runtime still has open connections. Close them first.',
  TOO_MANY_CONNECTIONS: 'All 64 connections of the runtime are in use. Close one first.',
  INVALID_IMAGE:
    'The bytes are not a sound SQLite database, so nothing was imported. Pass a database file whole, and with it the -wal file that was beside it, if any.',
  IMAGE_TOO_LARGE:
    'The image is larger than the database can become, so nothing was imported. Create a runtime with a larger maxDatabaseCapacityBytes.',
  EXPORT_ABANDONED:
    'Nobody read the stream of the database for longer than idleTimeout, so its read transaction was ended: the write-ahead log cannot be reused while it lasts. Read the stream faster, pass exportStream() a longer idleTimeout, or take bytes by exportDatabase().',
  CONNECTION_CLOSED: 'The connection was closed. Open another with open(runtime).',
  STATEMENT_BUSY: 'The statement is in the middle of a query. Finish or leave its iteration first.',
  INTEGER_OUT_OF_RANGE:
    'The integer is beyond 2^53 - 1 and would be rounded. Call safeIntegers() on the statement, or defaultSafeIntegers() on the database, to get a bigint.',
  ITERATOR_ABANDONED:
    'The iterator was left alone for so long that its read transaction was ended. Use all(), or run fewer other statements between two of its rows.',
  WASM_LOAD_FAILED:
    "The WebAssembly module could not be fetched or compiled. Serve sharedwal.wasm beside the package's JavaScript, or pass wasmUrl or wasmModule.",
  NOT_INITIALIZED:
    "The WebAssembly module is not loaded yet, which cannot be waited for here. Call `await init({ runtimes })` of 'sharedwal/better-sqlite3' once in this context before the first `new Database()`.",
  UNKNOWN_DATABASE:
    "Names are opened that init() registered. Pass it the runtime, or the runtime itself in place of a name; ':memory:' is a private database.",
  POISONED:
    'The WebAssembly instance of this worker crashed earlier, so its connections cannot be trusted. Start a new worker; the database is sound.',
  CONNECTION_BUSY:
    'The connection is executing a query. Wait for it to end: do not use the connection inside its own functions: verbose, and those of function(), aggregate() and table().',
  INVALID_SNAPSHOT:
    'The value is not a snapshot. Pass what db.snapshot() returned, or what postMessage() delivered of it.',
  FOREIGN_SNAPSHOT:
    'The snapshot is of another runtime. Read at it by a connection to the runtime that it was taken of.',
  EVICTED:
    'Nothing was heard of this connection for longer than lockStaleMs, and no Web Lock proved that it lived, so others took it for dead: its transaction was rolled back, and nothing of it reaches the database any more. Close it and open another; pass createRuntime() a lockStaleMs that is longer than any pause.',
  NO_READ_TRANSACTION:
    'A snapshot belongs to a read transaction. Begin one with BEGIN, write nothing in it, and keep it open for as long as others read at the snapshot.',
  IN_TRANSACTION:
    'The connection is in the middle of a transaction. End it first: a snapshot is opened at the beginning of one.',
  SNAPSHOT_UNAVAILABLE: 'Snapshots exist in WAL mode alone; see PRAGMA journal_mode.',
  UNSUPPORTED: 'sharedwal cannot do this; the message says why.',
  INVALID_ARGUMENT:
    'An argument is of the wrong kind, or there are too few or too many; the message says which.',
  POOL_CLOSED:
    'The pool was closed, and what was not done by then is not done. Create another with createPool(runtime).',
  WORKER_DIED:
    'The worker ended in the middle of the call; another has taken its place. What was not committed is rolled back, but a write may have been committed just before: look, or make it so that it can be repeated.',
  WORKER_LOAD_FAILED:
    "A worker of the pool could not be started. Serve pool_worker.js beside the package's JavaScript, or pass createPool() a workerUrl.",
  TRANSACTION_ENDED:
    'The transaction is over: it was committed or rolled back, by its end, an error or a statement in it. Begin another with pool.transaction().',
} as const;

/** A code of sharedwal itself. SQLite's own codes begin with `SQLITE_`. */
export type Code = keyof typeof CODES;
