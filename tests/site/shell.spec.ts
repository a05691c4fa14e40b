import { expect, test } from '@playwright/test';
import { inFirefox } from '../tab.js';
import { expectGoodLooks } from './looks.js';
import { openPlayground, openSection } from './open_section.js';

test('the address names the section, and a section that is left ends its workers', async ({
  page,
}) => {
  const errors = await openPlayground(page);
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
  expect(errors).toEqual([]);
});

test('a main job that is left is ended', async ({ page }) => {
  const errors = await openSection(page, 'main-job');
  await page.getByRole('button', { name: 'Run' }).click();
  await expect(page.locator('#rows')).not.toHaveText('0');
  await page.getByRole('link', { name: 'Doctor' }).click();
  await expect(page.locator('#diagnosis')).toBeVisible();
  await expect.poll(() => page.workers().length).toBe(0);
  await page.getByRole('link', { name: 'Main job' }).click();
  await expect(page.getByRole('status')).toHaveText('Ready.');
  expect(await page.evaluate(() => 'demoReport' in globalThis)).toBe(false);
  expect(errors).toEqual([]);
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
    await page.goto(`/www/${hash}`);
    await page.reload();
    await expect(page.locator('#section h2').first()).toBeVisible();
    if (hash === '#doctor') await expect(page.locator('#recipe pre').first()).toBeVisible();
    if (told) expect(await moving(), hash).toEqual([]);
    await expectGoodLooks(page, info, hash.slice(1));
  }
  await page.emulateMedia({ reducedMotion: 'no-preference' });
  expect((await moving()).length, 'the test can see what moves').toBeGreaterThan(0);
});
