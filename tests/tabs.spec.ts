import { expect, test } from '@playwright/test';
import { openPage } from './open_page.js';
import { playwrightTab } from './tab.js';

/** Longer than a browser lets a worker that was ended go on. */
const LATER_MS = 3000;

test('two tabs with runtimes of one name do not meet', async ({ context }) => {
  const pages = [await context.newPage(), await context.newPage()] as const;
  await Promise.all(pages.map((page) => openPage(playwrightTab(page), 'tabs', { minChecks: 1 })));
  const [stays, ends] = pages;
  const before = await stays.evaluate('tab.state()');
  // Slot by slot and generation by generation the same: only the runtime tells them apart.
  expect(await ends.evaluate('tab.state()')).toEqual(before);
  expect(before).toMatchObject({
    connections: [{ slot: 0, exclusive: ['WRITE'] }, { slot: 1 }, { slot: 2 }],
    deaths: 0,
  });
  const held = (await stays.evaluate('tab.heldLocks()')) as string[];
  expect(held.length, held.join()).toBe(6);
  expect(new Set(held).size, held.join()).toBe(6);

  await ends.evaluate('tab.kill()');
  expect(await ends.evaluate('tab.state()')).toMatchObject({ deaths: 1 });
  expect(await stays.evaluate('tab.state()')).toEqual(before);
  await ends.evaluate('tab.close()');
  expect(await stays.evaluate('tab.state()')).toEqual(before);
  await ends.close();
  await stays.waitForTimeout(LATER_MS);
  expect(await stays.evaluate('tab.state()')).toEqual(before);
  expect(((await stays.evaluate('tab.heldLocks()')) as string[]).length).toBe(3);
  expect(await stays.evaluate('tab.commit()')).toEqual([[1]]);
});
