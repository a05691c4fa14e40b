// Where the WebAssembly module is when nobody says so: beside this file. Bundlers find the pattern
// and bring the file along (Vite, webpack, Rollup with its plugin, Parcel), so it stands here alone:
// `sharedwal/slim` is everything but this module.

import { setDefaultUrl } from './compile_wasm.js';

// Only when it is needed: without ESM, some bundlers have no import.meta.url.
setDefaultUrl(() => new URL('./sharedwal.wasm', import.meta.url));
