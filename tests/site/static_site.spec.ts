import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from '@playwright/test';
import { serve } from '../../scripts/serve.mjs';
import { buildSite } from '../../scripts/site.mjs';
import { test } from './errors.js';
import { openPlayground, runSql, shownRows } from './open_section.js';

const parent = mkdtempSync(join(tmpdir(), 'sharedwal-host-'));
const folder = join(parent, 'some', 'folder');

test.beforeAll(() => buildSite(folder));
test.afterAll(() => rmSync(parent, { recursive: true, force: true }));

// A host that sends no headers, with the site in some folder of it.
test('the site works on a host without headers', async ({ page }) => {
  const server = await serve({ root: parent });
  try {
    const base = `${server.url}/plain/some/folder/`;
    const { headers } = await fetch(base);
    expect(headers.get('cross-origin-embedder-policy')).toBe(null);
    await openPlayground(page, base);
    expect(await page.evaluate(() => crossOriginIsolated)).toBe(true);
    await runSql(page, 1, "insert into flights values (9999, 0, 0, 0, 'A', 'B')");
    await runSql(page, 3, 'select count(*) from flights');
    expect(await shownRows(page)).toEqual([['2001']]);
    await page.getByRole('combobox', { name: 'Database' }).selectOption('Flights (200,000; 13 MB)');
    await expect(page.locator('#database-status')).toHaveText(/^Flights \(200,000.*loaded/);

    const licences = page.getByRole('link', { name: 'Whose work all this is' });
    const address = new URL((await licences.getAttribute('href')) ?? '', base).href;
    expect((await page.request.get(address)).ok(), address).toBe(true);

    const links = page.getByRole('navigation', { name: 'Sections' }).getByRole('link');
    for (const link of await links.all()) {
      await link.click();
      await expect(page.locator('#section h2').first()).toBeVisible();
      await expect(page.locator('#section').getByText('It could not start')).toHaveCount(0);
    }
    await page.getByRole('link', { name: 'Doctor' }).click();
    await expect(page.locator('#diagnosis')).toHaveText('sharedwal works here.');
  } finally {
    await server.close();
  }
});

test('the site carries the data and whose they are', () => {
  const licences = readFileSync(join(folder, 'LICENSES.md'), 'utf8');
  for (const file of [
    'flights-3m.parquet',
    'flights-2k.json',
    'airports.csv',
    'seattle-weather.csv',
  ]) {
    expect(existsSync(join(folder, 'packages', 'vega-datasets', 'data', file)), file).toBe(true);
    expect(licences).toContain(`[${file}](packages/vega-datasets/data/${file})`);
  }
  for (const [, path] of licences.matchAll(/\]\(((?!http)[^)]+)\)/g)) {
    expect(existsSync(join(folder, path ?? '')), path).toBe(true);
  }
  expect(licences.match(/licence: \[?\S/g)).toHaveLength(4);
  expect(licences).not.toContain('undefined');
});
