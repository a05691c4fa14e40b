import { expect } from '@playwright/test';
import { inFirefox } from '../tab.js';
import { expectProvoked, test } from './errors.js';
import { expectGoodLooks } from './looks.js';
import {
  cancelSql,
  ENDLESS,
  hold,
  openPlayground,
  openSection,
  runSql,
  shownRows,
} from './open_section.js';

test('the address names the section, and a section that is left ends its workers', async ({
  page,
}) => {
  await openPlayground(page);
  expect(page.workers().length).toBeGreaterThanOrEqual(5);
  for (const [title, heading] of [
    ['Doctor', 'Doctor'],
    ['Main job', 'The main job'],
    ['Playground', 'Playground'],
  ]) {
    await page.getByRole('link', { name: title, exact: true }).click();
    await expect(page.getByRole('heading', { level: 2 })).toHaveText(heading ?? '');
    await expect(page.locator('[aria-current]')).toHaveText(title ?? '');
    await expect(page).toHaveTitle(new RegExp(`^${title}`));
    if (title !== 'Playground') await expect.poll(() => page.workers().length).toBe(0);
  }
  await page.goBack();
  await expect(page.getByRole('heading', { level: 2 })).toHaveText('The main job');
});

test('an address that names no section changes nothing, and shows the first one to who comes by it', async ({
  page,
}) => {
  await page.goto('/www/#content');
  await expect(page.locator('#database-status')).toHaveText(/loaded in/);
  await expect(page.locator('[aria-current]')).toHaveText('Playground');
  await page.getByRole('link', { name: 'Doctor', exact: true }).click();
  await expect(page.locator('#diagnosis')).toBeVisible();
  await page.goto('/www/#nothing');
  await page.waitForTimeout(200);
  await expect(page.locator('#diagnosis')).toBeVisible();
  await expect(page.locator('[aria-current]')).toHaveText('Doctor');
});

test('a section whose worker cannot be loaded says so, and others open', async ({
  page,
  errors,
}) => {
  // The others are there later: it has failed before anything is asked of it.
  await page.route('**/playground/database_worker.js', (route) => route.abort());
  await page.route('**/playground/worker.js', async (route) => {
    await new Promise((resolve) => setTimeout(resolve, 1000));
    await route.continue();
  });
  await openSection(page, 'playground');
  await expect(page.getByRole('alert')).toContainText('It could not start: database worker: ');
  await page.getByRole('link', { name: 'Doctor', exact: true }).click();
  await expect(page.locator('#diagnosis')).toHaveText('sharedwal works here.');
  expectProvoked(errors);
});

test('the link that was clicked is marked while the section before still starts', async ({
  page,
}) => {
  const arrive = await hold(page, '**/playground/worker.js');
  // So narrow that the last link is not in sight at first.
  await page.setViewportSize({ width: 320, height: 740 });
  await page.goto('/www/', { waitUntil: 'commit' });
  const link = page.getByRole('link', { name: 'Doctor', exact: true });
  await expect(page.getByRole('heading', { level: 2 })).toHaveText('Playground');
  await expect(link).not.toBeInViewport();
  await link.evaluate((element) => (element as HTMLElement).click());
  await expect(page.locator('[aria-current]')).toHaveText('Doctor');
  await expect(link).toBeInViewport({ ratio: 0.9 });
  await expect(page.getByRole('heading', { level: 2 })).toHaveText('Playground');
  arrive();
  await expect(page.locator('#diagnosis')).toBeVisible();
});

test('it works where shared memory cannot grow', async ({ page }) => {
  await page.addInitScript(() => {
    Reflect.deleteProperty(SharedArrayBuffer.prototype, 'grow');
  });
  await openPlayground(page);
  await page.getByRole('combobox', { name: 'Database' }).selectOption('Flights (200,000; 13 MB)');
  await expect(page.locator('#database-status')).toHaveText(/^Flights \(200,000.*loaded/);
  await runSql(page, 2, 'delete from flights where id % 2; select count(*) from flights');
  expect(await shownRows(page)).toEqual([['100000']]);
  await page.getByRole('link', { name: 'Dashboard' }).click();
  await expect(page.locator('[data-figure="commits"]')).toHaveText(/^[1-9]/);
  await page.getByRole('link', { name: 'Main job' }).click();
  await page.getByRole('button', { name: 'Run' }).click();
  await expect(page.locator('#rows')).toHaveText(/^[1-9]/);
});

test('a main job that is left is ended', async ({ page }) => {
  await openSection(page, 'main-job');
  await page.getByRole('button', { name: 'Run' }).click();
  await expect(page.locator('#rows')).not.toHaveText('0');
  await expect(page.getByRole('button', { name: 'Run' })).toBeDisabled();
  await expect(page.getByRole('button', { name: 'Run' })).toBeFocused();
  await page.getByRole('link', { name: 'Doctor' }).click();
  await expect(page.locator('#diagnosis')).toBeVisible();
  await expect.poll(() => page.workers().length).toBe(0);
  await page.getByRole('link', { name: 'Main job' }).click();
  await expect(page.getByRole('status')).toHaveText('Ready.');
  expect(await page.evaluate(() => 'demoReport' in globalThis)).toBe(false);
});

test('the keyboard is enough', async ({ page }) => {
  await openPlayground(page);
  await page.evaluate(() => (document.activeElement as HTMLElement | null)?.blur());
  await page.keyboard.press('Tab');
  await expect(page.getByRole('link', { name: 'Skip to the content' })).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(page.locator('#content')).toBeFocused();
  await expect(page.getByRole('heading', { level: 2 })).toHaveText('Playground');

  await page.getByLabel('SQL', { exact: true }).focus();
  await page.keyboard.press('ControlOrMeta+a');
  await page.keyboard.type('select 6 * 7 as answer');
  await page.keyboard.press('Tab');
  await expect(page.getByRole('radio', { name: 'Worker 1' })).toBeFocused();
  await page.keyboard.press('ArrowRight');
  await expect(page.getByRole('radio', { name: 'Worker 2' })).toBeChecked();
  await page.keyboard.press('Shift+Tab');
  await page.keyboard.press('Control+Enter');
  await expect(page.locator('#run-status')).toHaveText(/^Worker 2: 1 row in/);
  await expect(page.getByRole('cell', { name: '42' })).toBeVisible();
});

test('the keyboard stays where it was when that goes out of use', async ({ page }) => {
  await openPlayground(page);
  const sql = page.getByLabel('SQL', { exact: true });
  const button = (name: string) => page.getByRole('button', { name, exact: true });
  await runSql(page, 1, 'select 1 as one');
  await sql.fill(ENDLESS);
  await button('Run').press('Enter');
  await expect(button('Run')).toBeDisabled();
  await expect(button('Run')).toBeFocused();
  await cancelSql(page);
  await expect(button('Cancel')).toBeDisabled();
  await expect(button('Cancel')).toBeFocused();
  // Out of use it does nothing.
  await page.keyboard.press('Enter');
  await runSql(page, 1, 'select 2 as two');
  expect(await shownRows(page)).toEqual([['2']]);

  // The history and the tables are drawn anew, by what is clicked without the focus.
  const entry = page.locator('.history').getByRole('button', { name: 'select 1 as one' });
  await sql.fill("insert into airports values ('XYZ', '', '', '', '', 0, 0)");
  await entry.focus();
  await button('Run').dispatchEvent('click');
  await expect(page.locator('.history li')).toHaveCount(4);
  await expect(entry).toBeFocused();
  const airports = page.locator('.relations summary').filter({ hasText: /^airports/ });
  await sql.fill('delete from airports');
  await airports.focus();
  await button('Run').dispatchEvent('click');
  await expect(airports).toHaveText('airports0');
  await expect(airports).toBeFocused();
  await button('Clear').press('Enter');
  await expect(page.locator('.history li')).toHaveText(['What you run comes here.']);
  await expect(button('Clear')).toBeFocused();

  // A list of samples can be disabled only, and is while one of them comes.
  const arrive = await hold(page, '**/seattle-weather.csv');
  const samples = page.getByRole('combobox', { name: 'Database' });
  await samples.focus();
  await samples.selectOption('Weather of Seattle');
  await expect(samples).toBeDisabled();
  await expect(button('Stop loading')).toBeFocused();
  arrive();
  await expect(page.locator('#database-status')).toHaveText(/^Weather of Seattle loaded/);
  await expect(samples).toBeFocused();
});

test('a page that is not isolated says so, and its doctor works', async ({ page }, info) => {
  await page.goto('/plain/www/');
  await expect(page.getByRole('alert')).toContainText('not cross-origin isolated');
  await page.getByRole('alert').getByRole('link').click();
  await expect(page.locator('#diagnosis')).toHaveText('sharedwal does not work here.');
  await expect(page.locator('.findings')).toContainText('NOT_CROSS_ORIGIN_ISOLATED');
  await expect(page.locator('.findings')).toContainText(
    'Send Cross-Origin-Embedder-Policy: require-corp',
  );
  await expectGoodLooks(page, info, 'not-isolated');
});

test('every section looks good, and nothing moves where that is not wanted', async ({
  page,
}, info) => {
  const moving = () =>
    page.evaluate(() =>
      [...document.querySelectorAll('*')]
        .filter((element) => {
          const { transitionDuration, animationDuration } = getComputedStyle(element);
          return /[1-9]/.test(transitionDuration + animationDuration);
        })
        .map(({ outerHTML }) => outerHTML.slice(0, 100)),
    );
  await openPlayground(page);
  const links = page.getByRole('navigation', { name: 'Sections' }).getByRole('link');
  const hashes = await links.evaluateAll((all) =>
    all.map((link) => (link as HTMLAnchorElement).hash),
  );
  expect(hashes.length).toBeGreaterThanOrEqual(3);
  await page.emulateMedia({ reducedMotion: 'reduce' });
  const told = await page.evaluate(() => matchMedia('(prefers-reduced-motion: reduce)').matches);
  // Playwright cannot tell Firefox.
  expect(told).toBe(!inFirefox);
  for (const hash of hashes) {
    await page.goto('about:blank');
    await page.goto(`/www/${hash}`);
    await expect(page.locator('#section h2').first()).toBeVisible();
    if (hash === '#doctor') await expect(page.locator('#recipe pre').first()).toBeVisible();
    if (told) expect(await moving(), hash).toEqual([]);
    await expectGoodLooks(page, info, hash.slice(1));
  }
  await page.emulateMedia({ reducedMotion: 'no-preference' });
  expect((await moving()).length, 'the test can see what moves').toBeGreaterThan(0);
});
