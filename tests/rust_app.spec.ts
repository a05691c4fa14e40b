import { expect, test } from '@playwright/test';
import { inFirefox } from './tab.js';

/** The app by itself, and as it is with the packaged crate and SQLite's own options. */
const places = { 'examples/rust-app': 'rust-app', 'target/packaged-app': 'packaged' };

for (const [path, stage] of Object.entries(places)) {
  test(`workers in Rust share a database (${path})`, async ({ page, request }) => {
    const module = await request.get(`/${path}/pkg/rust_app_bg.wasm`);
    const optional = stage === 'packaged' && inFirefox;
    test.skip(optional && !module.ok(), `only where npm test -- --only=${stage} has built it`);
    expect(module.ok(), `npm test -- --only=${stage} builds it`).toBe(true);
    const errors: string[] = [];
    page.on('pageerror', (error) => errors.push(String(error)));
    await page.goto(`/${path}/`);
    await expect(page.locator('#verdict')).toHaveText('All of it is right.');
    const checks = await page.evaluate(() => Reflect.get(globalThis, 'checks'));
    expect(checks).toHaveLength(4);
    expect(checks.filter(({ ok }: { ok: boolean }) => !ok)).toEqual([]);
    await expect(page.getByRole('status')).toHaveText('100 of 100 jobs done, 148933 primes found.');
    await expect(page.getByRole('rowheader')).toHaveText(['worker 1', 'worker 2', 'worker 3']);
    expect(errors).toEqual([]);
  });
}
