// The benchmark for visitors, with as little to measure as possible.
import { expect, type Page } from '@playwright/test';
import { inFirefox } from '../tab.js';
import { expectProvoked, test } from './errors.js';
import { expectGoodLooks } from './looks.js';

test.beforeEach(async ({ page }) => {
  await page.goto('/www/#benchmarks');
  await expect(page.getByRole('button', { name: 'Run' })).toBeEnabled();
});

async function choose(page: Page, workloads: string[], contenders: string[]) {
  await page.getByText(/^Workloads: \d+ of \d+$/).click();
  await page.getByRole('button', { name: 'None' }).click();
  for (const name of workloads) await page.getByRole('checkbox', { name }).check();
  await expect(page.getByText(new RegExp(`^Workloads: ${workloads.length} of`))).toBeVisible();
  const all = page.getByRole('group', { name: 'Contenders' }).getByRole('checkbox');
  for (const box of await all.all()) await box.uncheck();
  for (const name of contenders) await page.locator(`input[value="${name}"]`).check();
}

const POINT_READS = 'Point reads by key, one row object each, warm';

/** The least to measure: sharedwal beside the official package, directly and behind messages. */
async function chooseThreeTrials(page: Page) {
  await page.getByLabel('Length').selectOption('quick');
  await choose(page, [POINT_READS], ['sharedwal', 'official_direct', 'official_behind_messages']);
}

test('it measures what is chosen, draws it, and gives it as a table', async ({
  page,
  context,
}, info) => {
  await chooseThreeTrials(page);
  await page.getByRole('button', { name: 'Run' }).click();
  await expect(page.getByRole('button', { name: 'Run' })).toBeDisabled();
  await expect(page.getByRole('status').first()).toHaveText('Done: 3 trials.');
  const charts = page.locator('.workload');
  await expect(charts).toHaveCount(1);
  await expect(charts.locator('.contender')).toHaveText([
    'sharedwal',
    'official sqlite-wasm, direct',
    'official sqlite-wasm behind postMessage',
  ]);
  await expect(charts.getByRole('img')).toHaveAttribute(
    'aria-label',
    /^reads\/s, more is better\. sharedwal [\d,.]+; official sqlite-wasm, direct [\d,.]+; /,
  );
  // The bars are as long as what they stand for.
  const bars = await charts.locator('.bar-row').evaluateAll((rows) =>
    rows.map((row) => ({
      width: row.querySelector('rect')?.getBoundingClientRect().width ?? 0,
      figure: Number(row.querySelector('.figure')?.textContent?.replaceAll(',', '')),
    })),
  );
  const longest = Math.max(...bars.map(({ width }) => width));
  const best = Math.max(...bars.map(({ figure }) => figure));
  for (const { width, figure } of bars) expect(width / longest).toBeCloseTo(figure / best, 1);

  const rowsOf = (table: number) => page.getByRole('table').nth(table).getByRole('row');
  const [figures, aims] = [rowsOf(0), rowsOf(1)];
  await expect(figures).toHaveCount(4);
  await expect(figures.nth(1)).toContainText('Point reads by key');
  await expect(aims).toHaveText([
    /^target/,
    /^point reads of one worker against official direct≥ 1[\d.]+.*(met|missed)$/,
  ]);
  // Firefox lets nobody grant this, and a page write after a click.
  const readable = !inFirefox;
  if (readable) await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  await page.getByRole('button', { name: 'Copy as Markdown' }).click();
  await expect(page.getByText('Copied.')).toBeVisible();
  const copied = await page.getByLabel('The results as Markdown').inputValue();
  if (readable) expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(copied);
  expect(copied).toMatch(/^\| Point reads by key.* \| sharedwal \| [\d,.]+ \| /m);
  expect(copied.match(/^\|/gm)).toHaveLength(5 + 3);
  expect(page.workers()).toHaveLength(0);
  await expectGoodLooks(page, info, 'benchmarks');
});

test('a run can be cancelled, and another one begun', async ({ page }) => {
  await page.getByLabel('Length').selectOption('thorough');
  await choose(page, [POINT_READS], ['sharedwal']);
  const [run, cancel] = [
    page.getByRole('button', { name: 'Run' }),
    page.getByRole('button', { name: 'Cancel' }),
  ];
  await run.press('Enter');
  await expect.poll(() => page.workers().length).toBeGreaterThan(0);
  await expect(run).toBeDisabled();
  await expect(run, 'the keyboard stays where it was').toBeFocused();
  await cancel.press('Enter');
  await expect(page.getByRole('status').first()).toHaveText(/^Cancelled after \d of 5 trials\.$/);
  await expect.poll(() => page.workers().length).toBe(0);
  await expect(cancel).toBeDisabled();
  await expect(cancel).toBeFocused();

  await page.getByLabel('Length').selectOption('quick');
  await run.click();
  await expect(page.getByRole('status').first()).toHaveText('Done: 1 trials.');
});

test('workloads that none of the contenders can do are named as such', async ({ page }) => {
  await page.getByLabel('Length').selectOption('quick');
  await choose(page, ['Point reads by key, two workers at once'], ['official_direct']);
  await page.getByRole('button', { name: 'Run' }).click();
  await expect(page.getByRole('status').first()).toHaveText(
    'None of the chosen contenders can do the chosen workloads.',
  );
  await expect(page.getByRole('table')).toHaveCount(0);
  await expect(page.getByRole('button', { name: 'Run' })).toBeEnabled();
});

test('a contender that fails is named, and the others are measured', async ({ page, errors }) => {
  // What it gets for its module is none.
  await page.route('**/@sqlite.org/sqlite-wasm/**/sqlite3.wasm', (route) =>
    route.fulfill({ contentType: 'application/wasm', body: 'none' }),
  );
  await chooseThreeTrials(page);
  await page.getByRole('button', { name: 'Run' }).click();
  await expect(page.getByRole('status').first()).toHaveText('Done: 3 trials, 2 of which failed.');
  await expect(page.getByText('Trials that do not count:')).toBeVisible();
  const failed = page
    .getByRole('listitem')
    .filter({ hasText: 'official sqlite-wasm, direct, 1 of 1:' });
  await expect(failed).toHaveCount(1);
  await expect(page.getByText(/official sqlite-wasm behind postMessage, 1 of 1:/)).toBeVisible();
  await expect(page.getByRole('table').first().getByRole('row')).toHaveCount(2);
  await expect(page.getByRole('cell', { name: 'nothing' })).toBeVisible();
  // What its package says of it, if anything.
  errors.length = 0;
});

test('its workers end when another section is shown', async ({ page }) => {
  await page.getByRole('button', { name: 'Run' }).click();
  await expect.poll(() => page.workers().length).toBeGreaterThan(0);
  // It starts none by itself.
  await page.goto('/www/#main-job');
  await expect(page.getByRole('button', { name: 'Cancel' })).toHaveCount(0);
  await expect.poll(() => page.workers().length).toBe(0);
  // Nor does the run go on with others.
  await page.waitForTimeout(500);
  expect(page.workers()).toHaveLength(0);
});

test('contenders that are not served here are left out', async ({ page, errors }) => {
  await page.route('**/@journeyapps/wa-sqlite/package.json', (route) =>
    route.fulfill({ status: 404 }),
  );
  await page.reload();
  await expect(page.locator('input[value="sharedwal"]')).toBeEnabled();
  for (const name of ['wa_sqlite_memory', 'wa_sqlite_write_ahead']) {
    await expect(page.locator(`input[value="${name}"]`)).toBeDisabled();
    await expect(page.locator(`input[value="${name}"]`)).not.toBeChecked();
  }
  await expect(page.getByText('Not here: its package is not served here.')).toHaveCount(2);
  expectProvoked(errors);
});
