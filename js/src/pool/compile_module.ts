import { ownError } from '../errors.js';
import { compileFile } from '../node.js';
import type { WasmSource } from '../wasm.js';

/** The module, compiled once for all workers. */
export async function compileModule({
  wasmUrl,
  wasmModule,
}: WasmSource): Promise<WebAssembly.Module> {
  const url = wasmUrl ?? new URL('../wasm/sharedwal_js_bg.wasm', import.meta.url);
  try {
    return (
      wasmModule ??
      (await compileFile(url)) ??
      (await WebAssembly.compile(await (await fetch(url)).arrayBuffer()))
    );
  } catch (cause) {
    throw ownError('WASM_LOAD_FAILED', `${url} could not be loaded: ${cause}`, { cause });
  }
}
