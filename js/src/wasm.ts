import { instantiate } from './engine.js';
import { ownError } from './errors.js';
import { attachMemory } from './memory.js';
import { compileFile } from './node.js';

/** Where the WebAssembly module comes from. */
export interface WasmSource {
  /** Address of `sharedwal_js_bg.wasm`. Default: beside the package's JavaScript. */
  wasmUrl?: string | URL | undefined;
  /** The module itself, already compiled. Goes before `wasmUrl`. */
  wasmModule?: WebAssembly.Module | undefined;
}

const FILE = 'sharedwal_js_bg.wasm';

let loading: Promise<void> | undefined;

// Each instance takes some 10 GiB of address space, of which Chromium has 1 TiB for all workers of a
// page and their shared memory. One that was ended may keep its part for 2 s, as long as it may run on.
const ADDRESS_SPACE_MS = 5000;
const RETRY_MS = 200;

async function instantiateWhenThereIsRoom(
  source: string | URL | WebAssembly.Module | undefined,
): Promise<WebAssembly.Memory> {
  const deadline = performance.now() + ADDRESS_SPACE_MS;
  for (;;) {
    try {
      return await instantiate(source);
    } catch (error) {
      if (!(error instanceof RangeError) || performance.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }
}

async function load({ wasmUrl, wasmModule }: WasmSource): Promise<void> {
  try {
    const module =
      wasmModule ?? (await compileFile(wasmUrl ?? `${new URL('.', import.meta.url)}wasm/${FILE}`));
    attachMemory(await instantiateWhenThereIsRoom(module ?? wasmUrl));
  } catch (cause) {
    const place = wasmModule ? 'The given wasmModule' : `${wasmUrl ?? FILE}`;
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw ownError('WASM_LOAD_FAILED', `${place} could not be loaded: ${reason}`, { cause });
  }
}

/**
 * Loads the module once for this context: the first call decides where from, later calls wait for
 * the same module. After a failure the next call tries again.
 *
 * @throws SqliteError `WASM_LOAD_FAILED`
 */
export function loadWasm(source: WasmSource): Promise<void> {
  loading ??= load(source).catch((error: unknown) => {
    loading = undefined;
    throw error;
  });
  return loading;
}
