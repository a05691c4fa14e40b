// @ts-check
// Engines that lack something, played by a worker that takes it away before it loads the package.
import { describeError } from '../support/report.js';

const PACKAGE = '../../../dist/index.js';

/** @returns {Promise<typeof import('../../../dist/index.js')>} */
function load() {
  return import(PACKAGE);
}

/** @param {() => unknown} action */
async function errorOf(action) {
  try {
    await action();
  } catch (error) {
    return describeError(error);
  }
  return undefined;
}

export async function withoutSharedArrayBuffer() {
  /** @type {any} */ (globalThis).SharedArrayBuffer = undefined;
  delete (/** @type {any} */ (globalThis).SharedArrayBuffer);
  return errorOf(async () => (await load()).createRuntime());
}

/**
 * Takes growth away, then makes a runtime without and with the fallback.
 *
 * @param {{ capacity: number }} args
 */
export async function withoutGrowth({ capacity }) {
  const Growable = SharedArrayBuffer;
  /** @param {number} length */
  function Fixed(length) {
    return new Growable(length);
  }
  Fixed.prototype = Growable.prototype;
  const prototype = /** @type {any} */ (Growable.prototype);
  delete prototype.grow;
  delete prototype.growable;
  delete prototype.maxByteLength;
  /** @type {any} */ (globalThis).SharedArrayBuffer = Fixed;

  const { createRuntime, open } = await load();
  const error = await errorOf(() => createRuntime());
  const runtime = createRuntime({
    allowFixedCapacityFallback: true,
    initialDatabaseCapacityBytes: 65536,
    maxDatabaseCapacityBytes: capacity,
    initialWriteAheadCapacityBytes: 65536,
    maxWriteAheadCapacityBytes: capacity,
  });
  const bytes = runtime.database.reduce((sum, segment) => sum + segment.byteLength, 0);
  const db = await open(runtime);
  db.exec(`create table t (x);
           with recursive n (i) as (select 1 union all select i + 1 from n where i < 2000)
           insert into t select 'row ' || i || hex(zeroblob(100)) from n`);
  const count = db.prepare('select count(*) from t').pluck().get();
  const full = await errorOf(() =>
    db.exec('create table u as select * from t, (select 1 union select 2)'),
  );
  const integrity = db.pragma('integrity_check', { simple: true });
  db.close();
  return { error, bytes, count, full, integrity };
}

/**
 * Opens with a module that is not there, or is none.
 *
 * @param {{ runtime: import('../../../dist/index.js').Runtime, url: string }} args
 */
export async function openWithWasm({ runtime, url }) {
  const { open } = await load();
  const error = await errorOf(() => open(runtime, { wasmUrl: new URL(url, location.origin) }));
  const db = await open(runtime);
  const one = db.prepare('select 1').pluck().get();
  db.close();
  return { error, one };
}

export function nothing() {}

/** @type {WebAssembly.Memory[]} */
const memories = [];

/**
 * Takes address space until there is none left for another instance, and keeps it. No error where an
 * engine sets none aside for a memory.
 */
export async function useUpAddressSpace() {
  const end = performance.now() + 10_000;
  const error = await errorOf(() => {
    while (memories.length < 100_000 && performance.now() < end) {
      memories.push(new WebAssembly.Memory({ initial: 1, maximum: 65536 }));
    }
  });
  return { memories: memories.length, error };
}
