// What warm statements take of memory. Bytes of JavaScript's heap are the engine's to decide, so there are
// ceilings, half as much again as V8 of Node 20 takes; the instance's memory must not grow at all.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

/** Bytes a call: rows of three columns, an update of one row. */
const CEILINGS = {
  'get()': 450,
  'all() of one row': 900,
  'iterate() over one row': 2700,
  'run()': 600,
  'transaction() of one run()': 1050,
};

// So large that what is measured is done before the first collection.
const YOUNG_GENERATION = ['--min-semi-space-size=256', '--max-semi-space-size=256'];

test('warm statements take so many bytes of the heap, and none of the instance', async () => {
  const script = fileURLToPath(new URL('heap_thread.mjs', import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, [...YOUNG_GENERATION, script], {
    timeout: 120_000,
  });
  /** @type {{ heap: Record<string, number>, wasmBytes: number }} */
  const { heap, wasmBytes } = JSON.parse(stdout);
  assert.deepEqual(Object.keys(heap), Object.keys(CEILINGS));
  for (const [name, ceiling] of Object.entries(CEILINGS)) {
    const bytes = heap[name] ?? Number.NaN;
    assert.ok(bytes > 0 && bytes <= ceiling, `${name} takes ${bytes} bytes, of ${ceiling}`);
  }
  assert.equal(wasmBytes, 0, 'the memory of the instance grew');
});
