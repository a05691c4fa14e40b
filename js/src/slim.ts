/**
 * sharedwal for those who bring the WebAssembly module themselves: everything that `sharedwal` has,
 * but without a reference to the file that a bundler would follow. Where a module is needed, one of
 * `wasmUrl` and `wasmModule` must be given.
 *
 * @packageDocumentation
 */

export * from './api.js';
