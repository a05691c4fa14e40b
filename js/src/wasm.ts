import { callbacks } from './callbacks.js';
import { loadFailed, moduleOf, type WasmSource } from './compile_wasm.js';
import { instantiate } from './engine.js';
import { attachMemory } from './memory.js';
import { learnThreadId } from './node.js';

let loading: Promise<void> | undefined;
let loaded = false;

/** Whether the module is there. */
export function isLoaded(): boolean {
  return loaded;
}

// Each instance takes some 10 GiB of address space, of which Chromium has 1 TiB for all workers of a
// page and their shared memory. One that was ended may keep its part for 2 s, as long as it may run on.
const ADDRESS_SPACE_MS = 5000;
const RETRY_MS = 200;

/** A RangeError by the specification; Firefox throws the bare text "out of memory", too. */
function hasNoRoom(error: unknown): boolean {
  return error instanceof RangeError || /^out of memory/i.test(String(error));
}

async function instantiateWhenThereIsRoom(module: WebAssembly.Module): Promise<WebAssembly.Memory> {
  const deadline = performance.now() + ADDRESS_SPACE_MS;
  for (;;) {
    try {
      return await instantiate(module, callbacks);
    } catch (error) {
      if (!hasNoRoom(error) || performance.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }
}

async function load(source: WasmSource): Promise<void> {
  const module = await moduleOf(source);
  try {
    attachMemory(await instantiateWhenThereIsRoom(module));
    await learnThreadId();
    loaded = true;
  } catch (cause) {
    throw loadFailed(source, cause);
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
