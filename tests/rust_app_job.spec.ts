import { expect } from '@playwright/test';
import { test } from './tab.js';

test('rust_app_job', async ({ tab, request }) => {
  const module = await request.get('/examples/rust-app/pkg/rust_app_bg.wasm');
  expect(module.ok(), 'npm test -- --only=rust-app builds it').toBe(true);
  await tab.open('/examples/rust-app/');
  const checks = (await tab.global('checks', 60_000)) as { ok: boolean }[] | undefined;
  expect(checks, tab.errors.join('\n')).toHaveLength(4);
  expect(checks?.filter(({ ok }) => !ok)).toEqual([]);
});
