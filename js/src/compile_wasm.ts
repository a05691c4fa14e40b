// Where the WebAssembly module comes from, and compiling it. Knows nothing of its instance, so that a
// context that only compiles, or opens nothing, is spared the code for that.

import { ownError, typeError } from './errors.js';
import { readFileBytes } from './node.js';
import { requireKnownOptions } from './options.js';

/** Where the WebAssembly module comes from. */
export interface WasmSource {
  /**
   * Address of `sharedwal.wasm`. Default: beside the package's JavaScript, or where a bundler has put
   * it; `sharedwal/slim` has no default.
   */
  wasmUrl?: string | URL | undefined;
  /** The module itself, already compiled: {@link compileWasm} makes one. Goes before `wasmUrl`. */
  wasmModule?: WebAssembly.Module | undefined;
}

let standardUrl: (() => URL) | undefined;

/** Says where the module is when nobody else does. */
export function setDefaultUrl(url: () => URL): void {
  standardUrl = url;
}

/**
 * @throws TypeError `INVALID_OPTION`
 */
export function requireWasmSource({ wasmUrl, wasmModule }: WasmSource): void {
  if (wasmUrl !== undefined && typeof wasmUrl !== 'string' && !(wasmUrl instanceof URL)) {
    throw typeError('Expected the "wasmUrl" option to be a string or a URL', 'INVALID_OPTION');
  }
  if (wasmModule !== undefined && !(wasmModule instanceof WebAssembly.Module)) {
    throw typeError(
      'Expected the "wasmModule" option to be a WebAssembly.Module',
      'INVALID_OPTION',
    );
  }
}

/** What is at an address, compiled. Fails as `fetch` and `WebAssembly.compile` do. */
async function compileFrom(url: string | URL): Promise<WebAssembly.Module> {
  const file = await readFileBytes(url);
  if (file !== undefined) return WebAssembly.compile(file);
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${response.status} ${response.statusText}`.trim());
  // Streaming is refused to a file that its server does not call application/wasm.
  const type = response.headers.get('Content-Type')?.split(';')[0]?.trim().toLowerCase();
  return type === 'application/wasm'
    ? WebAssembly.compileStreaming(response)
    : WebAssembly.compile(await response.arrayBuffer());
}

/** That something could not be loaded from a source. */
export function loadFailed({ wasmUrl, wasmModule }: WasmSource, cause: unknown): Error {
  const place = wasmModule ? 'The given wasmModule' : String(wasmUrl ?? 'sharedwal.wasm');
  const reason = cause instanceof Error ? cause.message : String(cause);
  return ownError('WASM_LOAD_FAILED', `${place} could not be loaded: ${reason}`, { cause });
}

/**
 * The module of a source.
 *
 * @throws SqliteError `WASM_LOAD_FAILED`
 */
export async function moduleOf(source: WasmSource): Promise<WebAssembly.Module> {
  if (source.wasmModule) return source.wasmModule;
  if (source.wasmUrl === undefined && standardUrl === undefined) {
    throw ownError('WASM_LOAD_FAILED', 'sharedwal/slim was given neither wasmUrl nor wasmModule');
  }
  try {
    return await compileFrom(source.wasmUrl ?? (standardUrl as () => URL)());
  } catch (cause) {
    throw loadFailed(source, cause);
  }
}

/**
 * Fetches and compiles the WebAssembly module, for the option `wasmModule` of {@link open} and the
 * others: compiled once on the main thread and posted to the workers, it is not fetched and compiled
 * by each of them. WebKit optimises functions as they run, once for all who share a module; workers that
 * compiled it each for themselves wait for that in turn, on two cores for seconds.
 *
 * @param options `wasmUrl`: address of `sharedwal.wasm`, by default beside the package's JavaScript
 * @throws SqliteError `WASM_LOAD_FAILED`
 * @throws TypeError `INVALID_OPTION`
 */
export async function compileWasm(
  options: Pick<WasmSource, 'wasmUrl'> = {},
): Promise<WebAssembly.Module> {
  requireKnownOptions(options, ['wasmUrl']);
  requireWasmSource(options);
  return moduleOf(options);
}
