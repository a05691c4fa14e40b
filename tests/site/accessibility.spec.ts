import { createRequire } from 'node:module';
import { expect, type Page, test } from '@playwright/test';
import { openPlayground, openSection, runSql } from './open_section.js';

const AXE = createRequire(import.meta.url).resolve('axe-core/axe.min.js');

interface Violation {
  id: string;
  impact: string | null;
  nodes: { html: string; failureSummary: string }[];
}

/** What axe finds that is serious or critical. */
async function seriousViolations(page: Page): Promise<string[]> {
  if (!(await page.evaluate(() => 'axe' in globalThis))) await page.addScriptTag({ path: AXE });
  const { violations, passes } = (await page.evaluate('axe.run(document)')) as {
    violations: Violation[];
    passes: unknown[];
  };
  expect(passes.length, 'axe looked at something').toBeGreaterThan(10);
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, nodes }) =>
      nodes.map(({ html, failureSummary }) => `${id}: ${html}\n${failureSummary}`),
    );
}

/** The names of all sections, as the navigation has them. */
async function sections(page: Page): Promise<string[]> {
  const links = page.getByRole('navigation', { name: 'Sections' }).getByRole('link');
  const hashes = await links.evaluateAll((all) =>
    all.map((link) => (link as HTMLAnchorElement).hash),
  );
  return hashes.map((hash) => hash.slice(1));
}

for (const colorScheme of ['light', 'dark'] as const) {
  test(`axe finds nothing serious on any section, ${colorScheme}`, async ({ page }) => {
    await page.emulateMedia({ colorScheme });
    await openPlayground(page);
    await runSql(page, 2, 'select * from airports limit 3; select null; selct');
    await page.locator('.relations summary').first().click();
    expect(await seriousViolations(page), 'playground').toEqual([]);
    await page.getByLabel('SQL', { exact: true }).fill('select * from flights');
    await page.getByRole('button', { name: 'Explain' }).click();
    await expect(page.locator('.tree')).toBeVisible();
    expect(await seriousViolations(page), 'a plan').toEqual([]);
    const names = await sections(page);
    expect(names.length).toBeGreaterThanOrEqual(3);
    for (const name of names) {
      await page.goto(`/www/#${name}`);
      await page.reload();
      await expect(page.locator('#section h2').first()).toBeVisible();
      if (name === 'doctor') await expect(page.locator('#recipe pre').first()).toBeVisible();
      expect(await seriousViolations(page), name).toEqual([]);
    }
  });
}

test('a page that is not isolated is as accessible', async ({ page }) => {
  await page.goto('/plain/www/#doctor');
  await expect(page.locator('#recipe pre').first()).toBeVisible();
  await expect(page.getByRole('alert')).toBeVisible();
  expect(await seriousViolations(page)).toEqual([]);
});

test('no section is wider than a phone, or moves where that is not wanted', async ({ page }) => {
  await page.setViewportSize({ width: 360, height: 740 });
  await page.emulateMedia({ reducedMotion: 'reduce' });
  const moving = () =>
    page.evaluate(() =>
      [...document.querySelectorAll('*')]
        .filter((element) => {
          const { transitionDuration, animationDuration } = getComputedStyle(element);
          return /[1-9]/.test(transitionDuration + animationDuration);
        })
        .map(({ outerHTML }) => outerHTML.slice(0, 100)),
    );
  await openSection(page, 'playground');
  for (const name of await sections(page)) {
    await page.goto(`/www/#${name}`);
    await page.reload();
    await expect(page.locator('#section h2').first()).toBeVisible();
    if (name === 'playground') {
      await expect(page.locator('#database-status')).toHaveText(/loaded/);
      await runSql(page, 1, 'select *, hex(name) from airports');
    }
    if (name === 'doctor') await expect(page.locator('#recipe pre').first()).toBeVisible();
    const overflow = await page.evaluate(
      () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
    );
    expect(overflow, name).toBeLessThanOrEqual(0);
    expect(await moving(), name).toEqual([]);
  }
  await page.emulateMedia({ reducedMotion: 'no-preference' });
  expect((await moving()).length, 'the test can see what moves').toBeGreaterThan(0);
});
