import { expect } from '@playwright/test';
import { CODES } from '../dist/codes.js';
import { openPage } from './open_page.js';
import { test } from './tab.js';

test('every error code is provoked by a page', async ({ tab }) => {
  test.setTimeout(300_000);
  const provoked = new Set<string>();
  for (const [name, params, base] of [
    ['bad_input', {}, '/tests/'],
    ['api', { quick: '1' }, '/tests/'],
    ['images', { quick: '1' }, '/tests/'],
    ['image_streams', {}, '/tests/'],
    ['snapshot', { quick: '1' }, '/tests/'],
    ['evictions', {}, '/tests/'],
    ['pool', { quick: '1' }, '/tests/'],
    ['not_isolated', {}, '/plain/tests/'],
  ] as const) {
    const report = await openPage(tab, name, { params, base, timeout: 200_000 });
    for (const code of report.provoked ?? []) provoked.add(code);
  }
  const missing = Object.keys(CODES).filter((code) => !provoked.has(code));
  expect(missing, 'codes that no page provokes').toEqual([]);
});
