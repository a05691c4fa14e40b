import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, type Locator } from '@playwright/test';
import { root } from '../../scripts/setup/paths.mjs';
import { test } from './errors.js';
import { expectGoodLooks } from './looks.js';
import { cancelSql, ENDLESS, openPlayground, runSql, shownRows } from './open_section.js';

interface Flight {
  delay: number;
  distance: number;
  origin: string;
}

const flights = JSON.parse(
  readFileSync(join(root, 'node_modules/vega-datasets/data/flights-2k.json'), 'utf8'),
) as Flight[];

test('rows come with their types, their number and the time that they took', async ({
  page,
}, info) => {
  await openPlayground(page);
  const sum = (of: (flight: Flight) => number) =>
    flights.reduce((total, flight) => total + of(flight), 0);
  await runSql(
    page,
    1,
    `select count(*) as n, sum(delay) as late, sum(distance) as miles from flights;
     select id, origin, 1.0 as a_real, x'0102' as bytes, null as unknown, 9007199254740993 as big
       from flights order by id limit 2;`,
  );
  const cells = page.locator('.outcome').first().locator('tbody tr:not(.space) td');
  await expect(cells).toHaveText(
    [flights.length, sum(({ delay }) => delay), sum(({ distance }) => distance)].map(String),
  );
  const [one, two] = flights;
  expect(await shownRows(page)).toEqual([
    ['1', one?.origin, '1.0', "x'0102' 2 B", 'NULL', '9007199254740993'],
    ['2', two?.origin, '1.0', "x'0102' 2 B", 'NULL', '9007199254740993'],
  ]);
  const heads = page.locator('.outcome').last().locator('thead th .type');
  await expect(heads).toHaveText(['INTEGER', 'TEXT', 'REAL', 'BLOB', '', 'INTEGER']);
  await expect(page.locator('#run-status')).toHaveText(/^Worker 1: 2 rows in [\d.]+ m?s$/);
  await page.getByRole('combobox', { name: 'Examples' }).selectOption('Busiest routes');
  await page.getByRole('button', { name: 'Run' }).click();
  await expect(page.locator('#run-status')).toHaveText(/^Worker 1: 20 rows in/);
  await expectGoodLooks(page, info, 'rows');
});

test('what one worker commits the others see, and nothing before', async ({ page }, info) => {
  await openPlayground(page);
  const count = 'select count(*) as n from flights';
  await runSql(page, 1, "begin immediate; delete from flights where origin = 'LAX' returning id;");
  const deleted = flights.filter(({ origin }) => origin === 'LAX').length;
  await expect(page.locator('.grid table')).toHaveAttribute('aria-rowcount', String(deleted + 1));
  await expect(page.locator('.seat').first()).toContainText('in transaction');
  await runSql(page, 2, count);
  expect(await shownRows(page)).toEqual([[String(flights.length)]]);
  await runSql(page, 1, 'commit');
  await expect(page.locator('.seat').first()).not.toContainText('in transaction');
  for (const worker of [2, 3, 4]) {
    await runSql(page, worker, count);
    expect(await shownRows(page)).toEqual([[String(flights.length - deleted)]]);
  }
  await expect(page.locator('#commits')).toHaveText(/the last by worker 1, of flights\.$/);
  await expect(page.locator('.relations li').filter({ hasText: /^flights/ })).toContainText(
    (flights.length - deleted).toLocaleString('en-US'),
  );
  // Each worker keeps what it showed.
  await page.getByRole('radio', { name: 'Worker 1' }).check();
  await expect(page.locator('.output:not([hidden]) .outcome')).toHaveText(/commit.*done in/);
  await expectGoodLooks(page, info, 'workers');
});

test('errors have their codes, and end a script', async ({ page }, info) => {
  await openPlayground(page);
  await runSql(
    page,
    3,
    `create table t (id integer primary key, at text default ';'); -- no end; of anything
     create trigger t_in after insert on t begin update t set at = 'x;' where id = new.id; end;
     insert into t (id) values (1), (2);
     insert into t (id) values (2);
     insert into t (id) values (3);`,
  );
  await expect(page.locator('.outcome .summary')).toHaveText([
    /^done in/,
    /^done in/,
    /^2 rows changed in/,
    /^SQLITE_CONSTRAINT_PRIMARYKEY in/,
  ]);
  await expect(page.locator('.outcome .notice')).toHaveText(
    'SQLITE_CONSTRAINT_PRIMARYKEY UNIQUE constraint failed: t.id',
  );
  await expectGoodLooks(page, info, 'errors');
  await runSql(page, 1, 'selct 1');
  await expect(page.locator('#run-status')).toHaveText(/^Worker 1: SQLITE_ERROR in/);
  await runSql(page, 1, 'select id, at from t');
  expect(await shownRows(page)).toEqual([
    ['1', 'x;'],
    ['2', 'x;'],
  ]);
});

test('comments before a statement do not hide what it is', async ({ page }) => {
  await openPlayground(page);
  await runSql(
    page,
    1,
    `create table t (x); -- a row; of one value
     /* for it */ insert into t values (1);
     -- how
     explain query plan select * from t`,
  );
  await expect(page.locator('.outcome .summary')).toHaveText([
    /^done in/,
    /^1 row changed in/,
    /^plan in/,
  ]);
  await page.getByLabel('SQL', { exact: true }).fill('-- as it is\nexplain query plan select 1');
  await page.getByRole('button', { name: 'Explain' }).click();
  await expect(page.locator('#run-status')).toHaveText(/^Worker 1: plan in/);
});

test('a plan is a tree', async ({ page }, info) => {
  await openPlayground(page);
  await page.getByLabel('SQL', { exact: true }).fill(
    `with late as (select origin, avg(delay) as delay from flights group by origin order by 2 limit 9)
     select a.name, late.delay from late join airports a on a.iata = late.origin
     where late.origin in (select destination from flights where delay > 0)`,
  );
  await page.getByRole('button', { name: 'Explain' }).click();
  const inner = page.locator('.tree > ul > li > ul > li');
  await expect(
    inner.filter({ hasText: 'SCAN flights USING INDEX flights_by_origin' }),
  ).toBeVisible();
  await expect(
    page.locator('.tree > ul > li').filter({ hasText: 'SEARCH a USING INDEX' }),
  ).toBeVisible();
  await expect(inner.filter({ hasText: 'SCAN flights (every row)' })).toBeVisible();
  await expectGoodLooks(page, info, 'plan');
});

test('a statement that takes long is cancelled, while another worker goes on', async ({ page }) => {
  await openPlayground(page);
  await page.getByLabel('SQL', { exact: true }).fill(ENDLESS);
  await page.getByRole('button', { name: 'Run' }).click();
  await expect(page.getByRole('button', { name: 'Cancel' })).toBeEnabled();
  await expect(page.locator('.seat').first()).toContainText(/\ds$|ms$/);
  await runSql(page, 2, 'select 1 as one');
  expect(await shownRows(page)).toEqual([['1']]);
  await expect(page.getByRole('button', { name: 'Cancel' })).toBeDisabled();
  await page.getByRole('radio', { name: 'Worker 1' }).check();
  await page.getByRole('button', { name: 'Cancel' }).click();
  await expect(page.locator('#run-status')).toHaveText(/^Worker 1: SQLITE_INTERRUPT in/);
  await runSql(page, 1, 'select 2 as two');
  expect(await shownRows(page)).toEqual([['2']]);
});

test('one that waits for a lock is cancelled, too', async ({ page }) => {
  await openPlayground(page);
  await runSql(page, 1, 'begin immediate');
  await page.getByRole('radio', { name: 'Worker 2' }).check();
  await page.getByLabel('SQL', { exact: true }).fill('delete from flights');
  await page.getByRole('button', { name: 'Run' }).click();
  await page.getByRole('button', { name: 'Cancel' }).click();
  await expect(page.locator('#run-status')).toHaveText(/^Worker 2: SQLITE_INTERRUPT in/);
});

test('of many rows the first 10,000 are there, and few are elements', async ({ page }) => {
  // High enough for the whole grid.
  await page.setViewportSize({ width: 1280, height: 1400 });
  await openPlayground(page);
  await runSql(
    page,
    4,
    'with recursive n (i) as (select 1 union all select i + 1 from n) select i from n limit 50000',
  );
  await expect(page.locator('.outcome .notice')).toContainText('the first 10,000 rows');
  await expect(page.locator('#run-status')).toHaveText(/^Worker 4: the first 10,000 rows in/);
  const grid = page.locator('.grid');
  await expect(grid.locator('table')).toHaveAttribute('aria-rowcount', '10001');
  await expect(grid.getByRole('cell', { name: '1', exact: true })).toBeVisible();
  for (const [top, shown] of [
    [1e9, '10000'],
    [5000 * 28, '5001'],
    [0, '1'],
  ] as const) {
    await grid.evaluate((element, to) => element.scrollTo(0, to), top);
    await expect(grid.getByRole('cell', { name: shown, exact: true })).toBeInViewport();
    expect(await grid.locator('tr').count()).toBeLessThan(150);
  }
});

test('a value of several lines is one row high', async ({ page }) => {
  await openPlayground(page);
  await runSql(
    page,
    1,
    `with recursive n (i) as (select 1 union all select i + 1 from n where i < 10000)
     select 'a' || char(10) || 'b' || char(13, 10) || i as lines from n`,
  );
  const grid = page.locator('.grid');
  await grid.evaluate((element) => element.scrollTo(0, 5000 * 28));
  const cell = grid.getByRole('cell', { name: 'a⏎b⏎5001', exact: true });
  await expect(cell).toBeInViewport();
  expect(await cell.getAttribute('title')).toBe('a\nb\r\n5001');
  const heights = await grid
    .locator('tbody tr:not(.space)')
    .evaluateAll((rows) => rows.map((row) => Math.round(row.getBoundingClientRect().height)));
  expect([...new Set(heights)]).toEqual([28]);
});

test('every example of every sample runs', async ({ page }) => {
  await openPlayground(page);
  const [samples, examples] = ['Database', 'Examples'].map((name) =>
    page.getByRole('combobox', { name }),
  ) as [Locator, Locator];
  for (const sample of await samples.locator('option').allTextContents()) {
    await samples.selectOption(sample);
    await expect(page.locator('#database-status')).toContainText(`${sample} loaded in`);
    for (const example of await examples.locator('option').allTextContents()) {
      await examples.selectOption(example);
      await page.getByRole('button', { name: 'Run' }).click();
      if (example.includes('takes long')) {
        await cancelSql(page);
        continue;
      }
      await expect(page.getByRole('button', { name: 'Run' })).toBeEnabled();
      await expect(page.locator('.output:not([hidden]) .outcome.error'), example).toHaveCount(0);
      expect((await shownRows(page)).length, example).toBeGreaterThan(0);
      if (example.startsWith('A write')) await runSql(page, 1, 'rollback');
    }
  }
});

test('its workers share one module', async ({ page }) => {
  const fetched: string[] = [];
  page.on('request', (request) => {
    if (request.url().endsWith('.wasm')) fetched.push(request.url());
  });
  await openPlayground(page);
  expect(fetched).toHaveLength(1);
});

test('the history outlives the page, and the editor walks through it', async ({ page }) => {
  await openPlayground(page);
  const sql = page.getByLabel('SQL', { exact: true });
  for (const one of ['select 1', 'select 2', 'select 1']) await runSql(page, 1, one);
  await expect(page.locator('.history li')).toHaveText(['select 1', 'select 2']);
  await page.reload();
  await expect(page.locator('#database-status')).toHaveText(/loaded/);
  await expect(page.locator('.history li')).toHaveText(['select 1', 'select 2']);
  await sql.fill('a draft');
  for (const [key, text] of [
    ['ArrowUp', 'select 1'],
    ['ArrowUp', 'select 2'],
    ['ArrowUp', 'select 2'],
    ['ArrowDown', 'select 1'],
    ['ArrowDown', 'a draft'],
  ] as const) {
    await sql.press(`Alt+${key}`);
    await expect(sql).toHaveValue(text);
  }
  await page.locator('.history').getByRole('button', { name: 'select 2' }).click();
  await expect(sql).toHaveValue('select 2');
  await page.getByRole('button', { name: 'Clear' }).click();
  await expect(page.locator('.history li')).toHaveText(['What you run comes here.']);
});
