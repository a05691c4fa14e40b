import { expect } from '@playwright/test';
import type { PageReport } from './open_page.js';
import { test } from './site/errors.js';
import { expectGoodLooks } from './site/looks.js';

test('the main job runs on its button and is shown', async ({ page }, info) => {
  test.setTimeout(310_000);
  await page.setViewportSize({ width: 360, height: 740 });
  await page.goto('/www/#main-job');
  await expect(page.getByRole('status')).toHaveText('Ready.');
  await page.getByRole('button', { name: 'Run' }).click();
  await expect(page.getByRole('button', { name: 'Run' })).toBeDisabled();
  await page.waitForFunction(() => 'demoReport' in globalThis, undefined, { timeout: 300_000 });
  const report = (await page.evaluate(() => Reflect.get(globalThis, 'demoReport'))) as PageReport;
  expect(report.checks.filter((check) => !check.ok)).toEqual([]);
  await expect(page.locator('#verdict')).toHaveText(`All ${report.checks.length} checks held.`);
  await expect(page.getByRole('rowheader')).toHaveText([
    'importer',
    'reader 1',
    'reader 2',
    'reader 3',
  ]);
  await expect(page.locator('#rows')).toHaveText('200,000');
  await expect(page.getByRole('button', { name: 'Run' })).toBeEnabled();
  const overflow = await page.evaluate(
    () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
  );
  expect(overflow, 'the page fits a phone without scrolling sideways').toBeLessThanOrEqual(0);
  await expectGoodLooks(page, info, 'main-job-done');
});
