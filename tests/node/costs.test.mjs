// What operations cost, counted exactly: calls between JavaScript and the instance, atomic operations,
// and bytes copied. The numbers stand in docs/performance.md; whoever changes one, for better or worse,
// renews that with `UPDATE=1 node --test tests/node/costs.test.mjs`. What must hold whatever is there
// is in the table below.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { createRuntime, share } from '../../dist/index.js';
import { record } from '../../scripts/record.mjs';
import { root } from '../../scripts/setup/paths.mjs';
import { copiedBytes, costOf, costPerPage, HEAD, row } from '../costs/cost.js';
import { operations } from '../costs/operations.js';

/** @typedef {import('../costs/cost.js').Cost} Cost */
/** @typedef {import('../costs/operations.js').Operation} Operation */
/** @typedef {import('../costs/tally.js').Tally} Tally */

/**
 * At most; and nothing may call or copy more beside idle connections, or over a long log.
 *
 * @type {Record<string, { calls?: number, imports?: number, atomics?: number, copies?: number, bytes?: number }>}
 */
const CEILINGS = {
  'point read, private database': { calls: 2, imports: 0, bytes: 0 },
  'point read': { calls: 2, imports: 10, atomics: 14, bytes: 0 },
  'point read with 9,000 frames in the log': { calls: 2, imports: 10, bytes: 0 },
  'point read beside 15 idle connections': { calls: 2, imports: 10, atomics: 14, bytes: 0 },
  'point read in a transaction': { calls: 2, imports: 1, bytes: 0 },
  'autocommit insert': { calls: 3, imports: 52, atomics: 66, bytes: 4096 + 24 },
  'autocommit insert with 9,000 frames in the log': { calls: 3, imports: 51, bytes: 4096 + 24 },
  // Two locks are taken for themselves alone: each looks at every connection once.
  'autocommit insert beside 15 idle connections': {
    ...{ calls: 3, imports: 52, atomics: 66 + 2 * 15, bytes: 4096 + 24 },
  },
  'insert in a transaction': { calls: 3, imports: 1, bytes: 0 },
  'commit, a page more': { calls: 0, imports: 7, bytes: 4096 + 24 },
  'page read from the database file': { calls: 0, imports: 2, copies: 1, bytes: 4096 },
  'page read from the log': { calls: 0, imports: 2, copies: 1, bytes: 4096 },
  'checkpoint, a page more': { calls: 0, imports: 5, copies: 2, bytes: 2 * 4096 },
};

const DOCUMENT = 'docs/performance.md';
const MARKS = ['<!-- costs: written by tests/node/costs.test.mjs -->', '<!-- end of costs -->'];

/** @type {Worker} */
let thread;
before(() => {
  thread = new Worker(new URL('costs_thread.mjs', import.meta.url));
});
after(() => thread.terminate());

/** @param {Operation['database']} kind */
function sourceOf(kind) {
  if (kind === 'private') return ':memory:';
  const capacity = { maxDatabaseCapacityBytes: 2 ** 26, maxWriteAheadCapacityBytes: 2 ** 26 };
  // A thread that a handle was shared with is vouched for, which proves life as a Web Lock does.
  if (kind === 'shared') return share(createRuntime(capacity), thread);
  return createRuntime({ ...capacity, webLocks: false });
}

/**
 * @param {Operation} operation
 * @returns {Promise<{ cost: Cost, tallies: Tally[] }>}
 */
async function count({ title, database, pages = 1 }) {
  thread.postMessage({ title, source: sourceOf(database) });
  const [{ tallies }] = await once(thread, 'message');
  const [first, second] = tallies.map(costOf);
  return { tallies, cost: second ? costPerPage(first, second, pages) : first };
}

const [begin, end] = /** @type {[string, string]} */ (MARKS);

/** The table in the document. */
function written() {
  const [, rest = ''] = readFileSync(join(root, DOCUMENT), 'utf8').split(begin);
  return rest.split(end)[0]?.trim().split('\n') ?? [];
}

/** @type {Map<string, Cost>} */
const costs = new Map();

for (const operation of operations) {
  const { title } = operation;
  test(title, async () => {
    const { cost, tallies } = await count(operation);
    costs.set(title, cost);
    const found = `${row(title, cost)}\n${tallies.map((tally) => JSON.stringify(tally)).join('\n')}`;
    const {
      calls = Infinity,
      imports = Infinity,
      atomics = Infinity,
      copies = Infinity,
      bytes = Infinity,
    } = CEILINGS[title] ?? {};
    assert.ok(cost.calls <= calls, `at most ${calls} calls:\n${found}`);
    assert.ok(cost.imports <= imports, `at most ${imports} imports:\n${found}`);
    assert.ok(cost.atomics <= atomics, `at most ${atomics} atomic operations:\n${found}`);
    assert.ok(copiedBytes(cost) <= bytes, `at most ${bytes} bytes:\n${found}`);
    const times = Object.values(cost.copies).reduce((all, one) => all + one, 0);
    assert.ok(times <= copies, `at most ${copies} copies:\n${found}`);
    if (process.env.UPDATE) return;
    const line = written().find((one) => one.startsWith(`| ${title} |`));
    assert.equal(row(title, cost), line, `docs/performance.md says otherwise; it was\n${found}`);
  });
}

test('nothing is dearer beside idle connections or over a long log', () => {
  for (const title of ['point read', 'autocommit insert']) {
    for (const where of ['beside 15 idle connections', 'with 9,000 frames in the log']) {
      const [alone, crowded] = [title, `${title} ${where}`].map((one) => costs.get(one));
      const numbers = (/** @type {Cost | undefined} */ cost) =>
        cost ? [cost.calls, cost.imports, copiedBytes(cost)] : [];
      const allowed = numbers(alone);
      assert.equal(allowed.length, 3);
      for (const [i, number] of numbers(crowded).entries()) {
        assert.ok(number <= Number(allowed[i]), `${title} ${where}: ${number} of ${allowed}`);
      }
    }
  }
});

test('docs/performance.md has these operations', () => {
  const rows = operations.map(({ title }) => row(title, /** @type {Cost} */ (costs.get(title))));
  const table = [...HEAD, ...rows];
  if (process.env.UPDATE) record(DOCUMENT, begin, end, table);
  assert.deepEqual(written(), table);
});

test('what is counted is counted', () => {
  // Each kind of number is above 0 somewhere, so that a counter that counts nothing would be noticed.
  for (const kind of /** @type {const} */ (['calls', 'imports', 'atomics'])) {
    assert.ok((costs.get('open and read a row')?.[kind] ?? 0) > 5, kind);
  }
  for (const title of ['page read from the database file', 'page read from the log']) {
    assert.ok(copiedBytes(/** @type {Cost} */ (costs.get(title))) >= 4096, title);
  }
});
