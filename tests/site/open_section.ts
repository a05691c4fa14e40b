import { expect, type Page } from '@playwright/test';

/** What went wrong in a page that was opened by {@link openSection}: has to be empty at the end. */
export type Errors = string[];

/** Opens a section of the site, and collects what goes wrong in it. */
export async function openSection(page: Page, name: string, base = '/www/'): Promise<Errors> {
  const errors: Errors = [];
  page.on('pageerror', (error) => errors.push(`page error: ${error.stack ?? error}`));
  page.on('console', (message) => {
    if (message.type() === 'error') errors.push(`console: ${message.text()}`);
  });
  page.on('response', (response) => {
    if (response.status() >= 400) errors.push(`${response.status()}: ${response.url()}`);
  });
  await page.goto(`${base}#${name}`);
  await expect(page.locator('#section h2')).toBeVisible();
  return errors;
}

/** Opens the playground with its first sample. */
export async function openPlayground(page: Page, base?: string): Promise<Errors> {
  const errors = await openSection(page, 'playground', base);
  await expect(page.locator('#database-status')).toHaveText(/^Flights \(2,000\) loaded in/);
  return errors;
}

/** Runs SQL in one of the playground's workers, and waits for its end. */
export async function runSql(page: Page, worker: number, sql: string): Promise<void> {
  await page.getByRole('radio', { name: `Worker ${worker}` }).check();
  await page.getByLabel('SQL', { exact: true }).fill(sql);
  await page.getByRole('button', { name: 'Run' }).click();
  await expect(page.getByRole('button', { name: 'Run' })).toBeEnabled();
}

/** The cells of the last grid that the chosen worker shows, without the numbers of the rows. */
export async function shownRows(page: Page): Promise<string[][]> {
  const rows = page.locator('.output:not([hidden]) .grid').last().locator('tbody tr:not(.space)');
  return rows.evaluateAll((all) =>
    all.map((row) => [...row.querySelectorAll('td')].map((cell) => cell.textContent ?? '')),
  );
}
