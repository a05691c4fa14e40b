// The instance itself: starting it, its memory, and leaving it when it has crashed.

import { canBlock } from '../blocking.js';
import { SqliteError } from '../errors.js';
import { instance, isPoisoned, poisonedError } from '../poison.js';
import { askToReap } from '../signals.js';
import initialize, * as wasm from '../wasm/sharedwal_js.js';
import { answer } from './boundary.js';

/** The control blocks of the connections that are open here. */
export const controls = new Map<number, SharedArrayBuffer>();
/** What SQLite calls in the middle of a statement. */
let callbacks: Callbacks | undefined;
/** That of the connection that is being opened. */
let opening: SharedArrayBuffer | undefined;

/** Has the control block of a connection that is being opened known while that lasts. */
export function whileOpening<T>(control: SharedArrayBuffer, open: () => T): T {
  opening = control;
  const made = open();
  // Not after an exception: the instance has crashed then, and others have to be told.
  opening = undefined;
  return made;
}

/** Functions of the user's, as the instance calls them. */
interface Callbacks {
  /** The instance calls nothing any more. */
  forget(): void;
}

instance.abandon = () => {
  callbacks?.forget();
  wasm.abandon();
  const all = new Set(controls.values());
  if (opening !== undefined) all.add(opening);
  for (const control of all) askToReap(new Int32Array(control));
  controls.clear();
};

/**
 * Starts the module, at once where nobody minds. WebKitGTK 2.50 ends the whole page when a worker is
 * terminated while it waits for that (https://bugs.webkit.org/show_bug.cgi?id=305677); on the main
 * thread some engines start no large module but in their own time.
 */
export async function instantiate(
  module: WebAssembly.Module,
  called: Callbacks,
): Promise<WebAssembly.Memory> {
  const output = canBlock()
    ? wasm.initSync({ module })
    : await initialize({ module_or_path: module });
  callbacks = called;
  wasm.install_callbacks(called);
  wasm.on_crash((cause: unknown) => {
    instance.crash ??= { cause };
    poisonedError(instance.crash);
  });
  return output.memory;
}

/**
 * Memory inside the instance. It may grow by that, which detaches every view of it.
 *
 * @throws SqliteError `SQLITE_NOMEM`
 */
export function allocate(bytes: number): number {
  const pointer = answer(() => wasm.alloc(bytes));
  if (pointer === 0) throw new SqliteError(`out of memory (${bytes} bytes)`, 'SQLITE_NOMEM');
  return pointer;
}

/** Gives memory back. */
export function deallocate(pointer: number, bytes: number): void {
  if (isPoisoned()) return;
  answer(() => wasm.free(pointer, bytes));
}
