import { expect } from '@playwright/test';
import { inFirefox } from '../tab.js';
import { test } from './errors.js';
import { expectGoodLooks } from './looks.js';
import { openSection } from './open_section.js';

test('the doctor says what the page and a worker of it have, and what a host needs', async ({
  page,
  context,
}, info) => {
  await openSection(page, 'doctor');
  await expect(page.locator('#diagnosis')).toHaveText('sharedwal works here.');
  const row = (name: string) => page.getByRole('row').filter({ hasText: new RegExp(`^${name}`) });
  await expect(row('Cross-origin isolated').getByRole('cell').first()).toHaveText('yes');
  await expect(row('Waiting for a lock').getByRole('cell').nth(0)).toHaveText('no, as in any page');
  await expect(row('Waiting for a lock').getByRole('cell').nth(1)).toHaveText('yes');
  await expect(row('Cross-Origin-Embedder-Policy').getByRole('cell').nth(1)).toHaveText(
    'require-corp',
  );
  await expect(page.locator('.findings')).toContainText('NEVER_WAITS');

  const host = page.getByRole('combobox', { name: 'Host' });
  const hosts = await host.locator('option').allTextContents();
  expect(hosts.length).toBe(9);
  const seen = new Set<string | null>();
  for (const label of hosts) {
    await host.selectOption({ label });
    await expect(page.locator('#recipe')).not.toHaveText([...seen].at(-1) ?? '');
    await expect(page.locator('#recipe pre').first()).not.toBeEmpty();
    seen.add(await page.locator('#recipe').textContent());
  }
  await host.selectOption('nginx');
  await expect(page.locator('#recipe')).toContainText('add_header Cross-Origin-Opener-Policy');
  // Firefox lets nobody grant this, and a page write after a click.
  const readable = !inFirefox;
  if (readable) await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  const copied = () => page.evaluate(() => navigator.clipboard.readText());
  await page.locator('#recipe').getByRole('button', { name: 'Copy' }).first().click();
  await expect(page.locator('#recipe').getByRole('button', { name: 'Copied' })).toBeVisible();
  const file = await page.locator('#recipe pre').first().textContent();
  if (readable) expect((await copied()).trimEnd()).toBe(file);
  await page.getByRole('button', { name: 'Copy as text' }).click();
  await expect(page.locator('.card').first().getByRole('button', { name: 'Copied' })).toBeVisible();
  if (readable) await expect.poll(copied).toContain('SharedArrayBuffer: yes; grows: yes');
  await expectGoodLooks(page, info, 'doctor');
});
