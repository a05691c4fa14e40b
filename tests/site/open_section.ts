import { expect, type Page } from '@playwright/test';

/** A statement that ends when it is cancelled. */
export const ENDLESS =
  'with recursive n (i) as (select 1 union all select i + 1 from n) select max(i) from n';

/** Opens a section of the site. */
export async function openSection(page: Page, name: string, base = '/www/'): Promise<void> {
  await page.goto(`${base}#${name}`);
  await expect(page.locator('#section h2')).toBeVisible();
}

/** Opens the playground with its first sample. */
export async function openPlayground(page: Page, base?: string): Promise<void> {
  await openSection(page, 'playground', base);
  await expect(page.locator('#database-status')).toHaveText(/^Flights \(2,000\) loaded in/);
}

/** Has requests for a file wait. @returns what lets them go on */
export async function hold(page: Page, file: string): Promise<() => void> {
  let arrive = () => {};
  const late = new Promise<void>((resolve) => {
    arrive = resolve;
  });
  await page.route(file, async (route) => {
    await late;
    await route.continue();
  });
  return arrive;
}

/** Runs SQL in one of the playground's workers, and waits for its end. */
export async function runSql(page: Page, worker: number, sql: string): Promise<void> {
  await page.getByRole('radio', { name: `Worker ${worker}` }).check();
  await page.getByLabel('SQL', { exact: true }).fill(sql);
  await page.getByRole('button', { name: 'Run' }).click();
  await expect(page.getByRole('button', { name: 'Run' })).toBeEnabled();
}

/** Cancels by the keyboard what the chosen worker runs, also if it has only just been told to. */
export async function cancelSql(page: Page): Promise<void> {
  await expect(async () => {
    await page.getByRole('button', { name: 'Cancel' }).press('Enter');
    await expect(page.locator('#run-status')).toHaveText(/SQLITE_INTERRUPT/, { timeout: 500 });
  }).toPass();
}

/** The cells of the last grid that the chosen worker shows, without the numbers of the rows. */
export async function shownRows(page: Page): Promise<string[][]> {
  const rows = page.locator('.output:not([hidden]) .grid').last().locator('tbody tr:not(.space)');
  return rows.evaluateAll((all) =>
    all.map((row) => [...row.querySelectorAll('td')].map((cell) => cell.textContent ?? '')),
  );
}
