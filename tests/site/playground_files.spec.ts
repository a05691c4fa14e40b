import { readFileSync } from 'node:fs';
import { expect, type Page } from '@playwright/test';
import { inFirefox } from '../tab.js';
import { test } from './errors.js';
import { openPlayground, runSql, shownRows } from './open_section.js';

/** What the button saves, and as what. */
async function downloaded(page: Page): Promise<{ name: string; content: Buffer }> {
  const button = page.getByRole('button', { name: 'Download' });
  if (!inFirefox) {
    const downloading = page.waitForEvent('download');
    await button.click();
    const download = await downloading;
    return { name: download.suggestedFilename(), content: readFileSync(await download.path()) };
  }
  // Playwright hears of no download of Firefox's: what the page hands over, then.
  const saving = page.evaluate(
    () =>
      new Promise<{ name: string; bytes: number[] }>((resolve, reject) => {
        HTMLAnchorElement.prototype.click = function () {
          fetch(this.href)
            .then((response) => response.arrayBuffer())
            .then((buffer) =>
              resolve({ name: this.download, bytes: Array.from(new Uint8Array(buffer)) }),
            )
            .catch(reject);
        };
      }),
  );
  await button.click();
  const { name, bytes } = await saving;
  return { name, content: Buffer.from(bytes) };
}

test('the database goes out as a file, and files come in', async ({ page }) => {
  await openPlayground(page);
  const { name, content: buffer } = await downloaded(page);
  expect(name).toBe('flights-2k.sqlite');
  expect(buffer.subarray(0, 15).toString()).toBe('SQLite format 3');

  await page.getByRole('combobox', { name: 'Database' }).selectOption('Empty');
  await expect(page.locator('.relations')).toHaveText('None yet.');
  const file = { name: 'mine.sqlite', mimeType: 'application/vnd.sqlite3', buffer };
  await page.locator('#file').setInputFiles(file);
  await expect(page.locator('#database-status')).toHaveText(/^mine\.sqlite loaded in/);
  await runSql(page, 4, 'select count(*) from flights union all select count(*) from airports');
  expect(await shownRows(page)).toEqual([['2000'], ['3376']]);

  // Dropped on the page, with a log that belongs to it or, here, does not.
  await page.getByRole('combobox', { name: 'Database' }).selectOption('Weather of Seattle');
  await expect(page.locator('#database-status')).toHaveText(/^Weather of Seattle loaded/);
  await page.locator('.playground').evaluate((section, content) => {
    const dataTransfer = new DataTransfer();
    const bytes = Uint8Array.from(atob(content), (character) => character.charCodeAt(0));
    dataTransfer.items.add(new File([bytes], 'dropped.db'));
    dataTransfer.items.add(new File([], 'dropped.db-wal'));
    section.dispatchEvent(new DragEvent('drop', { dataTransfer, cancelable: true }));
  }, buffer.toString('base64'));
  await expect(page.locator('#database-status')).toHaveText(/^dropped\.db loaded/);
  await runSql(page, 2, 'select count(*) from flights');
  expect(await shownRows(page)).toEqual([['2000']]);
});

test('what is no database changes nothing', async ({ page }) => {
  await openPlayground(page);
  const file = { name: 'notes.txt', mimeType: 'text/plain', buffer: Buffer.from('no database') };
  await page.locator('#file').setInputFiles(file);
  await expect(page.locator('#database-status')).toHaveText(/failed: .*INVALID_IMAGE/);
  await runSql(page, 2, 'select count(*) from flights');
  expect(await shownRows(page)).toEqual([['2000']]);
});

test('files that are no database are not taken for one, nor is any while another one comes', async ({
  page,
}) => {
  await openPlayground(page);
  const status = page.locator('#database-status');
  const { content } = await downloaded(page);
  const file = (name: string, buffer: Buffer = Buffer.from('')) => ({
    ...{ name, mimeType: 'application/octet-stream', buffer },
  });
  await page.locator('#file').setInputFiles([file('mine.db-wal'), file('mine.db-shm')]);
  await expect(status).toHaveText(
    'Not opened: mine.db-wal, mine.db-shm, since there is no database among them.',
  );
  const all = [file('mine.db-shm'), file('mine.db-journal'), file('mine.db', content)];
  await page.locator('#file').setInputFiles(all);
  await expect(status).toHaveText(/^mine\.db loaded in/);

  await page.route('**/seattle-weather.csv', () => {});
  await page.getByRole('combobox', { name: 'Database' }).selectOption('Weather of Seattle');
  await page.locator('.playground').evaluate((section) => {
    const dataTransfer = new DataTransfer();
    dataTransfer.items.add(new File([], 'dropped.db'));
    section.dispatchEvent(new DragEvent('drop', { dataTransfer, cancelable: true }));
  });
  await expect(status).toHaveText('Not opened: dropped.db, since the database is busy.');
});

test('the large sample comes while another worker reads the small one', async ({ page }) => {
  await openPlayground(page);
  await runSql(page, 1, 'begin; select count(*) from flights');
  expect(await shownRows(page)).toEqual([['2000']]);
  // What is read out: that it begins and that it is done.
  const listener = await page.locator('#database-status').evaluateHandle((status) => ({
    told: new Promise<string[]>((resolve) => {
      const texts: string[] = [];
      new MutationObserver(() => {
        texts.push(status.textContent ?? '');
        if (status.textContent?.includes('loaded in')) resolve(texts);
      }).observe(status, { childList: true, characterData: true });
    }),
  }));
  await page.getByRole('combobox', { name: 'Database' }).selectOption('Flights (200,000; 13 MB)');
  expect(await listener.evaluate(({ told }) => told)).toEqual([
    'Loading Flights (200,000; 13 MB) …',
    expect.stringMatching(/^Flights \(200,000.*loaded in/),
  ]);
  await runSql(page, 2, 'select count(*) from flights');
  expect(await shownRows(page)).toEqual([['200000']]);
  await runSql(page, 1, 'select count(*) from flights');
  expect(await shownRows(page)).toEqual([['2000']]);
  await runSql(page, 1, 'commit; select count(*) from flights');
  expect(await shownRows(page)).toEqual([['200000']]);
});

const STOPS = [
  {
    sample: 'Weather of Seattle',
    when: 'before its file has come',
    held: '**/seattle-weather.csv',
  },
  {
    sample: 'Flights (200,000; 13 MB)',
    when: 'before its file has come',
    held: '**/flights-3m.parquet',
  },
  { sample: 'Flights (200,000; 13 MB)', when: 'when its file has come', held: undefined },
];

for (const { sample, when, held } of STOPS) {
  test(`loading ${sample} can be stopped ${when}, and changes nothing`, async ({ page }) => {
    await openPlayground(page);
    const stop = page.getByRole('button', { name: 'Stop loading' });
    // Its file never comes.
    if (held !== undefined) await page.route(held, () => {});
    const come =
      held === undefined &&
      page.waitForEvent('requestfinished', (request) => request.url().includes('flights-3m'));
    const choice = page.getByRole('combobox', { name: 'Database' });
    await choice.selectOption(sample);
    await come;
    await stop.click();
    await expect(page.locator('#database-status')).toHaveText(
      'Stopped: the database is as it was.',
    );
    await expect(stop).toBeHidden();
    await expect(choice).toBeEnabled();
    await expect(choice).toBeFocused();
    await expect(choice.locator('option:checked')).toHaveText(/^Flights \(2,000/);
    await runSql(page, 2, 'select count(*) from flights');
    expect(await shownRows(page)).toEqual([['2000']]);
  });
}
