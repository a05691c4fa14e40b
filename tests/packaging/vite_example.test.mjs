// examples/vite: what four workers write, each of them and the page see.
import assert from 'node:assert/strict';
import { testExample } from './example_page.mjs';

/** @param {string | undefined} text */
const number = (text) => Number(text?.replaceAll(',', ''));

testExample('vite', async (page) => {
  await page.click('#start');
  await page.waitForFunction(() => document.getElementById('total')?.textContent !== '');
  const rows = await page.$$eval('#workers tr', (rows) =>
    rows.map((row) => Array.from(row.children, (cell) => cell.textContent ?? '')),
  );
  const workers = rows.map((cells) => cells.map(number));
  assert.deepEqual(workers.map(([worker]) => worker).sort(), [1, 2, 3, 4]);
  const total = workers.reduce((sum, [, written = 0]) => sum + written, 0);
  for (const [, written = 0, seen = 0, average = 0] of workers) {
    assert.ok(written > 0);
    assert.ok(seen >= written && seen <= total, `${seen} of ${total}, own ${written}`);
    assert.ok(average > 0.3 && average < 0.7, `average ${average}`);
  }
  const said = await page.textContent('#total');
  assert.equal(number(said?.split(' ')[0]), total);
});
