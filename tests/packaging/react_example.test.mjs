// examples/react: what the page writes and what a worker writes is on the page, without being asked.
import assert from 'node:assert/strict';
import { testExample } from './example_page.mjs';

testExample('react', async (page) => {
  const counts = (/** @type {string} */ text) =>
    page.waitForFunction((text) => document.getElementById('counts')?.textContent === text, text);
  await counts('0 of 0 done');
  for (const [at, title] of ['tea', 'milk'].entries()) {
    await page.fill('input[name=title]', title);
    await page.click('button[type=submit]');
    await counts(`0 of ${at + 1} done`);
  }
  await page.click('li:has-text("tea") input');
  await counts('1 of 2 done');
  await page.click('#worker');
  await counts('1 of 102 done');
  assert.equal(await page.locator('li').count(), 50);
  await page.check('text=only what is open');
  await page.waitForFunction(() => document.querySelectorAll('li').length === 50);
  assert.equal(await page.locator('li:has-text("tea")').count(), 0);
});
