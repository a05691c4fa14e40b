import { expect } from '@playwright/test';
import { test } from './tab.js';

test('rust_app_job', async ({ tab }) => {
  await tab.open('/examples/rust-app/');
  const checks = (await tab.global('checks', 60_000)) as { ok: boolean }[] | undefined;
  expect(checks, tab.errors.join('\n')).toHaveLength(4);
  expect(checks?.filter(({ ok }) => !ok)).toEqual([]);
});
