/**
 * sharedwal: a SQLite database in WAL mode that lives in shared memory, so that every worker of a
 * page runs its own SQLite on the same bytes.
 *
 * @packageDocumentation
 */

import './default_wasm.js';

export * from './api.js';
