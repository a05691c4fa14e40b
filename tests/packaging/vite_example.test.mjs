// examples/vite, with the packed package: what a newcomer copies.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { root } from '../../scripts/setup/paths.mjs';
import { open } from './page.mjs';
import { project } from './project.mjs';

/** @param {string} url */
async function checkExample(url) {
  await open(
    url,
    () => true,
    async (page) => {
      await page.click('#start');
      await page.waitForFunction(() => document.getElementById('total')?.textContent !== '');
      const numbers = (/** @type {string[]} */ cells) =>
        cells.map((cell) => Number(cell.replaceAll(',', '')));
      const rows = await page.$$eval('#workers tr', (rows) =>
        rows.map((row) => Array.from(row.children, (cell) => cell.textContent ?? '')),
      );
      const workers = rows.map(numbers);
      assert.deepEqual(workers.map(([worker]) => worker).sort(), [1, 2, 3, 4]);
      const total = workers.reduce((sum, [, written = 0]) => sum + written, 0);
      assert.ok(workers.every(([, written = 0]) => written > 0));
      for (const [, written = 0, seen = 0, average = 0] of workers) {
        assert.ok(seen >= written && seen <= total, `${seen} of ${total}, own ${written}`);
        assert.ok(average > 0.3 && average < 0.7, `average ${average}`);
      }
      const said = await page.textContent('#total');
      assert.deepEqual(numbers([said?.split(' ')[0] ?? '']), [total]);
    },
  );
}

const example = join(root, 'examples', 'vite');

test('in development', async () => {
  const { createServer } = await import('vite');
  const folder = project('vite-example-dev', example);
  const server = await createServer({ root: folder, logLevel: 'error' });
  try {
    await server.listen();
    await checkExample(server.resolvedUrls?.local[0] ?? '');
  } finally {
    await server.close();
  }
});

test('built', async () => {
  const { build, preview } = await import('vite');
  const folder = project('vite-example-build', example);
  await build({ root: folder, logLevel: 'error' });
  const server = await preview({ root: folder, logLevel: 'error' });
  try {
    await checkExample(server.resolvedUrls?.local[0] ?? '');
  } finally {
    await server.close();
  }
});
