import { expect } from '@playwright/test';
import type { PageReport } from './open_page.js';
import { test } from './tab.js';

test('demo_job', async ({ tab }) => {
  const timeout = 300_000;
  test.setTimeout(timeout + 10_000);
  await tab.open('/www/?run=demo');
  const report = (await tab.global('demoReport', timeout)) as PageReport | undefined;
  expect(report?.error, tab.errors.join('\n')).toBeUndefined();
  expect(report?.checks.filter((check) => !check.ok)).toEqual([]);
  expect(report?.checks.length).toBeGreaterThanOrEqual(40);
  expect(report?.ok).toBe(true);
});
