// Each bundler has its own way to give the address of a package's file.
export default new URL('sharedwal/sharedwal.wasm', import.meta.url);
