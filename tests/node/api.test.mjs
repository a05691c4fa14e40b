// The JavaScript surface in Node: the areas that `tests/pages/api.js` runs in browsers, in a thread of
// worker_threads and on the main thread.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { areas } from '../pages/api/areas.js';
import { checkArea } from '../pages/workers/api_tasks.js';

/** @typedef {import('../pages/support/report.js').Result} Result */

/** @param {Result} result */
function assertAll({ checks }) {
  assert.ok(checks.length > 0, 'no check was made');
  const failed = checks.filter((check) => !check.ok);
  assert.equal(failed.map(({ name, detail }) => `${name}: ${detail}`).join('\n'), '');
}

/**
 * @param {string} area
 * @returns {Promise<Result>}
 */
async function inThread(area) {
  const thread = new Worker(new URL('api_thread.mjs', import.meta.url), { workerData: { area } });
  const [result] = await once(thread, 'message');
  await thread.terminate();
  return result;
}

test('before init, in a thread', async () => assertAll(await inThread('before init')));
for (const area of Object.keys(areas)) {
  test(`${area}, in a thread`, async () => assertAll(await inThread(area)));
  test(`${area}, on the main thread`, async () => assertAll(await checkArea({ area })));
}
