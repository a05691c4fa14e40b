// What can be found out about a context, whatever it is. Nothing here throws, and nothing of sharedwal
// is needed for it.

import { canBlock } from '../blocking.js';

/** Where code runs. */
export type ContextKind =
  | 'window'
  | 'dedicated worker'
  | 'shared worker'
  | 'service worker'
  | 'Node, first thread'
  | 'Node, worker thread'
  | 'unknown';

/** What {@link doctor} found. `undefined` is what could not be found out, or makes no sense here. */
export interface Environment {
  /** What kind of context `doctor()` was called in. */
  context: ContextKind;
  /** The address of the page or worker. */
  location: string | undefined;
  /** Whether the page is in a frame of another one. */
  framed: boolean;
  /** Version of Node. */
  node: string | undefined;
  /** Whether it is https, or this computer. Undefined in Node, as are the next two. */
  secureContext: boolean | undefined;
  /** Whether the page is isolated, without which it shares no memory. */
  crossOriginIsolated: boolean | undefined;
  /**
   * What the server sends with the page (in a worker, with its script); `null` for a missing header.
   * Undefined also where the server does not answer a HEAD.
   */
  headers: Record<SeenHeader, string | null> | undefined;
  /** Whether there is shared memory at all. */
  sharedArrayBuffer: boolean;
  /** Whether shared memory can grow in place. */
  growth: boolean;
  /** Bytes of shared memory that could be reserved at once, in steps of 1 GiB; at most 3 GiB. */
  reservable: number;
  /** Whether this context may wait for a lock. */
  atomicsWait: boolean;
  /** Whether shared memory can wake an event loop; without, it is polled. */
  atomicsWaitAsync: boolean;
  /** Web Locks, which prove that a worker lives; `refused` where they are there and fail. */
  webLocks: 'available' | 'missing' | 'refused';
  /** Whether workers can be ES modules. Undefined where that cannot be tried. */
  moduleWorkers: boolean | undefined;
  /** WebAssembly; `refused` by a policy of the page. */
  webAssembly: 'available' | 'missing' | 'refused';
  /** Whether WebAssembly has vectors, which the module needs. */
  wasmSimd: boolean;
  /** Whether WebAssembly takes 64-bit integers from JavaScript, which the module needs. */
  wasmBigInt: boolean;
}

/** A header that decides about isolation. */
export type SeenHeader = 'Cross-Origin-Opener-Policy' | 'Cross-Origin-Embedder-Policy';

export const GIB = 1024 ** 3;
/** What {@link createRuntime} reserves by default: database, log and journal. */
export const DEFAULT_RESERVATIONS = 3;

const ANSWER_MS = 3000;
const NO_ADDRESS = 'https://[';

/** Looks at this context. Takes as long as one request for its own address. */
export async function lookAround(): Promise<Environment> {
  const [headers, webLocks, context] = await Promise.all([ownHeaders(), locks(), kind()]);
  const { location, isSecureContext, crossOriginIsolated } = scope();
  return {
    context,
    location: location?.href,
    framed: framed(),
    node: nodeVersion(),
    secureContext: isSecureContext,
    crossOriginIsolated,
    headers,
    sharedArrayBuffer: typeof SharedArrayBuffer === 'function',
    growth:
      typeof SharedArrayBuffer === 'function' &&
      typeof SharedArrayBuffer.prototype.grow === 'function',
    reservable: reservable(),
    atomicsWait: canBlock(),
    atomicsWaitAsync: typeof Atomics !== 'undefined' && typeof Atomics.waitAsync === 'function',
    webLocks,
    moduleWorkers: moduleWorkers(),
    webAssembly: webAssembly(),
    wasmSimd: validates(SIMD),
    wasmBigInt: wasmBigInt(),
  };
}

interface Scope {
  location?: { href: string; protocol: string };
  isSecureContext?: boolean;
  crossOriginIsolated?: boolean;
  top?: unknown;
  process?: {
    versions?: { node?: string };
    getBuiltinModule?: (name: string) => unknown;
  };
}

function scope(): Scope {
  return globalThis as unknown as Scope;
}

function nodeVersion(): string | undefined {
  return scope().process?.versions?.node;
}

async function kind(): Promise<ContextKind> {
  switch (Object.prototype.toString.call(globalThis)) {
    case '[object Window]':
      return 'window';
    case '[object DedicatedWorkerGlobalScope]':
      return 'dedicated worker';
    case '[object SharedWorkerGlobalScope]':
      return 'shared worker';
    case '[object ServiceWorkerGlobalScope]':
      return 'service worker';
  }
  if (nodeVersion() === undefined) return 'unknown';
  const name = 'node:worker_threads';
  const threads = (scope().process?.getBuiltinModule?.(name) ??
    (await import(/* @vite-ignore */ /* webpackIgnore: true */ name))) as { isMainThread: boolean };
  return threads.isMainThread ? 'Node, first thread' : 'Node, worker thread';
}

function framed(): boolean {
  const { top } = scope();
  return top !== undefined && top !== globalThis;
}

async function ownHeaders(): Promise<Record<SeenHeader, string | null> | undefined> {
  const { location } = scope();
  if (location === undefined || !/^https?:$/.test(location.protocol)) return undefined;
  try {
    // A HEAD changes nothing, and is not answered from a cache.
    const response = await fetch(location.href, {
      ...{ method: 'HEAD', cache: 'no-store', signal: AbortSignal.timeout(ANSWER_MS) },
    });
    // There is nothing to read, but Chromium's tools call a request aborted that nobody reads to its end.
    await response.text();
    const { ok, headers } = response;
    // An error page (405: no HEAD) says nothing about the page.
    if (!ok) return undefined;
    const [opener, embedder] = ['Cross-Origin-Opener-Policy', 'Cross-Origin-Embedder-Policy'];
    return {
      'Cross-Origin-Opener-Policy': headers.get(opener as string),
      'Cross-Origin-Embedder-Policy': headers.get(embedder as string),
    };
  } catch {
    return undefined;
  }
}

async function locks(): Promise<Environment['webLocks']> {
  const manager = (globalThis as { navigator?: { locks?: LockManager } }).navigator?.locks;
  if (manager === undefined) return 'missing';
  try {
    await manager.request(`sharedwal doctor ${Math.random()}`, { ifAvailable: true }, () => {});
    return 'available';
  } catch {
    // A sandboxed frame, or storage that is turned off.
    return 'refused';
  }
}

function reservable(): number {
  if (typeof SharedArrayBuffer !== 'function') return 0;
  // Held together, as a runtime holds them; address space only, no memory is taken.
  const held: SharedArrayBuffer[] = [];
  try {
    while (held.length < DEFAULT_RESERVATIONS) {
      held.push(new SharedArrayBuffer(0, { maxByteLength: GIB }));
    }
  } catch {
    // That was too much.
  }
  return held.length * GIB;
}

function moduleWorkers(): boolean | undefined {
  if (typeof Worker !== 'function' || nodeVersion() !== undefined) return undefined;
  let asked = false;
  try {
    // An engine that knows modules asks for the type, before it sees that this is no address. So no
    // worker is started: in Chromium one that ends while another one of its own is ending may stay.
    new Worker(NO_ADDRESS, {
      get type() {
        asked = true;
        return 'module' as const;
      },
    }).terminate();
  } catch {
    // As it has to be.
  }
  return asked;
}

function webAssembly(): Environment['webAssembly'] {
  if (typeof WebAssembly !== 'object') return 'missing';
  try {
    new WebAssembly.Module(EMPTY);
    return 'available';
  } catch {
    // A Content-Security-Policy without 'wasm-unsafe-eval'.
    return 'refused';
  }
}

const EMPTY = new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0]);
/** A function that makes a vector of bytes and counts its bits. */
const SIMD = new Uint8Array([
  ...EMPTY,
  ...[1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 10, 1, 8, 0, 65, 0, 253, 15, 253, 98, 11],
]);
/** A function `f` that returns an i64. */
const BIG_INT = new Uint8Array([
  ...EMPTY,
  ...[1, 5, 1, 96, 0, 1, 126, 3, 2, 1, 0, 7, 5, 1, 1, 102, 0, 0, 10, 6, 1, 4, 0, 66, 7, 11],
]);

function validates(bytes: Uint8Array<ArrayBuffer>): boolean {
  return typeof WebAssembly === 'object' && WebAssembly.validate(bytes);
}

function wasmBigInt(): boolean {
  try {
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(BIG_INT));
    return (exports.f as () => unknown)() === 7n;
  } catch {
    return false;
  }
}
