// The live dashboard, as a visitor uses it.
import { expect, type Page } from '@playwright/test';
import { expectProvoked, test } from './errors.js';
import { expectGoodLooks } from './looks.js';

test.beforeEach(async ({ page }) => {
  await page.goto('/www/#dashboard');
  await expect(lanes(page, 'writer')).toHaveCount(2);
  await expect(lanes(page, 'reader')).toHaveCount(3);
  await expectProgress(page);
});

test.afterEach(async ({ page }) => {
  await expect(page.getByRole('alert').filter({ visible: true })).toHaveCount(0);
});

function lanes(page: Page, role: 'reader' | 'writer') {
  return page.locator(`.lane.${role}`);
}

function lane(page: Page, name: string) {
  return page.locator(`.lane[data-worker="${name}"]`);
}

function lock(page: Page, name: string) {
  return page.locator(`[data-lock="${name}"]`);
}

async function figure(page: Page, name: string): Promise<number> {
  const text = await page.locator(`[data-figure="${name}"]`).innerText();
  return Number(text.replaceAll(',', ''));
}

/** There are more commits and more reads than now after a while, and none misses a commit. */
async function expectProgress(page: Page) {
  const before = { commits: await figure(page, 'commits'), reads: await figure(page, 'compared') };
  await expect.poll(() => figure(page, 'commits')).toBeGreaterThan(before.commits + 20);
  await expect.poll(() => figure(page, 'compared')).toBeGreaterThan(before.reads + 20);
  expect(await figure(page, 'wrong')).toBe(0);
}

/** What a chart shows as the present figure. */
async function now(page: Page, kind: 'reads' | 'commits' | 'log'): Promise<number> {
  const text = await page.locator(`.time-chart.${kind} .now`).innerText();
  return Number(text.replaceAll(',', ''));
}

test('the charts show what is done, and the segments what is in use', async ({ page }) => {
  await expect.poll(() => now(page, 'reads')).toBeGreaterThan(0);
  await expect.poll(() => now(page, 'commits')).toBeGreaterThan(0);
  await expect(page.locator('.time-chart.reads').getByRole('img')).toHaveAttribute(
    'aria-label',
    /^Reads per second: now [\d,]+; in the last minute lowest [\d,]+, highest [1-9][\d,]*$/,
  );
  // A line gets longer with each look.
  const points = async () =>
    (await page.locator('.time-chart.commits .line').getAttribute('d'))?.split('L').length ?? 0;
  const before = await points();
  await expect.poll(points).toBeGreaterThan(before + 2);

  const files = await page.locator('.memory').evaluateAll((all) =>
    all.map((one) => ({
      told: one.querySelector('p')?.textContent ?? '',
      inUse: [...one.querySelectorAll<HTMLElement>('.used')].map(({ style }) =>
        Number.parseFloat(style.height),
      ),
    })),
  );
  expect(files.map(({ inUse }) => inUse.length)).toEqual([8, 16]);
  for (const { told, inUse } of files) {
    const [, number = '', unit] = /([\d.,]+) ([KM]iB) in use/.exec(told) ?? [];
    const mib = Number(number.replaceAll(',', '')) / (unit === 'KiB' ? 1024 : 1);
    expect(mib, told).toBeGreaterThan(0);
    const drawn = (inUse.reduce((sum, percent) => sum + percent) / 100) * 8;
    expect(Math.abs(drawn - mib), told).toBeLessThan(0.06);
  }
});

test('the sliders set how many workers there are', async ({ page }) => {
  await page.getByLabel('Readers').fill('5');
  await page.getByLabel('Writers').fill('1');
  await expect(lanes(page, 'reader')).toHaveCount(5);
  await expect(lanes(page, 'writer')).toHaveCount(1);
  await expect.poll(() => page.workers().length).toBe(6);
  // All that are connected hold the shared side of the file's lock.
  await expect(lock(page, 'EXCLUSIVE')).toContainText('6 connections (shared)');
  await expectProgress(page);

  await page.getByLabel('Readers').fill('0');
  await page.getByLabel('Writers').fill('2');
  await expect(lanes(page, 'reader')).toHaveCount(0);
  await expect.poll(() => page.workers().length).toBe(2);
  await expect(lock(page, 'EXCLUSIVE')).toContainText(/writer \d, writer \d \(shared\)/);
  const { before, compared } = {
    before: await figure(page, 'commits'),
    compared: await figure(page, 'compared'),
  };
  await expect.poll(() => figure(page, 'commits')).toBeGreaterThan(before + 20);
  expect(await figure(page, 'compared'), 'nobody reads any more').toBe(compared);
});

test('a worker that keeps its transaction open is shown as the holder of WRITE', async ({
  page,
}) => {
  const held = lock(page, 'WRITE').getByRole('cell');
  await page.getByRole('button', { name: 'Hold a transaction of writer 2 open' }).click();
  await expect(lane(page, 'writer 2')).toContainText('keeps its transaction open, ');
  await expect(held.first()).toHaveText('writer 2');
  await expect(held.last()).toHaveText(/^[1-9]\d*\.\d s$/);
  await expect(lane(page, 'writer 2').locator('.locks')).toContainText('WRITE');
  await expect(lane(page, 'writer 1')).toContainText('waits for WRITE, ');
  await expect(lane(page, 'writer 1').locator('.locks')).not.toContainText('WRITE');
  const [commits, reads] = [await figure(page, 'commits'), await figure(page, 'compared')];
  await expect.poll(() => figure(page, 'compared'), 'who reads goes on').toBeGreaterThan(reads);
  expect(await figure(page, 'commits'), 'nobody else commits').toBe(commits);

  await page.getByRole('button', { name: 'Hold a transaction of writer 2 open' }).click();
  await expect(lane(page, 'writer 2')).not.toContainText('keeps');
  await expectProgress(page);
});

test('a reader that keeps its snapshot is named as the one for whom the log grows', async ({
  page,
}) => {
  await page.getByRole('button', { name: 'Hold a transaction of reader 1 open' }).click();
  await expect(page.getByText(/The snapshot of reader 1, \d+ s old, keeps the log/)).toBeVisible();
  await expect(lane(page, 'reader 1').locator('.locks')).toContainText(/READ\d/);
  // Else it begins anew after 1000 frames.
  await expect.poll(() => now(page, 'log')).toBeGreaterThan(2500);
  await expectProgress(page);
  await page.getByRole('button', { name: 'Hold a transaction of reader 1 open' }).click();
  await expect(page.getByText('Nobody keeps the log from being used again')).toBeVisible();
});

const ENDS = [
  { middle: 'waits, its transaction open', how: 'worker.terminate()' },
  { middle: 'waits, its transaction open', how: 'terminate(runtime, worker) of sharedwal' },
  { middle: 'is busy in a statement', how: 'worker.terminate()' },
  { middle: 'is busy in a statement', how: 'terminate(runtime, worker) of sharedwal' },
];

test('others commit after each kind of kill, and nothing that was committed is lost', async ({
  page,
}, info) => {
  for (const [index, { middle, how }] of ENDS.entries()) {
    const victim = (await lanes(page, 'writer').first().getAttribute('data-worker')) ?? '';
    await page.getByLabel(middle).check();
    await page.getByLabel(how, { exact: true }).check();
    await page.getByRole('button', { name: 'Kill a writer' }).click();
    const rows = page.locator('.kill tbody tr');
    await expect(rows).toHaveCount(index + 1);
    await expect(page.locator('.kill').getByRole('status')).toContainText(
      new RegExp(`^${victim} was killed after .*: writer \\d+ committed [\\d.]+ m?s later`),
    );
    await expect(
      page.getByText(`commits that ${victim} had seen return are in the table`),
    ).toBeVisible();
    await expect(page.locator('.recovery-picture .outage')).toBeVisible();
    await expect(rows.first()).toContainText('nothing lost');
    await expect(rows.first()).not.toContainText('not in time');
    await expect(lane(page, victim)).toHaveCount(0);
    await expect(lanes(page, 'writer')).toHaveCount(2);
    await expectProgress(page);
    console.log(
      `${how}, ${middle}: ${(await rows.first().locator('.number').allTextContents()).join(', ')}`,
    );
  }
  await page.getByText('All kills, in figures').click();
  await expectGoodLooks(page, info, 'dashboard');
});

test('a writer that keeps its transaction open gives way to the one that is killed', async ({
  page,
}) => {
  await page.getByRole('button', { name: 'Hold a transaction of writer 2 open' }).click();
  await expect(lock(page, 'WRITE')).toContainText('writer 2');
  await page.getByRole('button', { name: 'Kill writer 1 in its transaction' }).click();
  await expect(page.locator('.kill').getByRole('status')).toContainText(
    /^writer 1 was killed after .*: writer \d committed [\d.]+ m?s later/,
  );
  await expectProgress(page);
});

test('the only writer is replaced when it is killed', async ({ page }) => {
  await page.getByLabel('Writers').fill('1');
  await expect(lanes(page, 'writer')).toHaveCount(1);
  await page.getByRole('button', { name: 'Kill writer 1 in its transaction' }).press('Enter');
  await expect(page.locator('.kill').getByRole('status')).toContainText(
    /writer 3 committed .* later/,
  );
  await expect(lane(page, 'writer 1')).toHaveCount(0);
  await expect(page.locator('.lane button:focus'), 'the keyboard is in another lane').toHaveCount(
    1,
  );
  await expectProgress(page);

  const kill = page.getByRole('button', { name: 'Kill a writer' });
  await kill.press('Enter');
  await expect(kill).toBeDisabled();
  await expect(page.locator('.kill tbody tr')).toHaveCount(2);
  await expect(kill).toBeEnabled();
  await expect(kill).toBeFocused();
});

test('a writer that is told to stop while it is to be killed is not measured', async ({
  page,
  errors,
}) => {
  const kills = page.locator('.kill tbody tr');
  const status = page.locator('.kill').getByRole('status');
  // As soon as it is to be killed, and when it holds its transaction open.
  for (const doing of ['', 'keeps its transaction open']) {
    await page.getByLabel('Writers').fill('2');
    await expect(lanes(page, 'writer')).toHaveCount(2);
    const victim = (await lanes(page, 'writer').last().getAttribute('data-worker')) ?? '';
    await page.evaluate(
      async ({ victim, doing }) => {
        const [lane, kill, writers] = [
          document.querySelector(`[data-worker="${victim}"]`),
          document.querySelector<HTMLElement>(`[aria-label="Kill ${victim} in its transaction"]`),
          document.querySelector<HTMLInputElement>('#writers'),
        ];
        if (!lane || !kill || !writers) throw new Error('the dashboard looks otherwise');
        kill.click();
        while (!lane.textContent?.includes(doing)) {
          await new Promise((resolve) => setTimeout(resolve, 5));
        }
        writers.value = '1';
        writers.dispatchEvent(new Event('input'));
      },
      { victim, doing },
    );
    await expect(status).toHaveText('It did not come to a kill.');
    await expect(page.getByRole('alert')).toHaveText(`${victim} left before it could be killed`);
    await expect(lane(page, victim)).toHaveCount(0);
    await expect(kills).toHaveCount(0);
  }
  expectProvoked(errors);
  await page.getByRole('button', { name: 'Kill a writer' }).click();
  await expect(kills).toHaveCount(1);
  await expect(page.getByRole('alert').filter({ visible: true })).toHaveCount(0);
});

test('it works without Web Locks, and says what nobody can tell then', async ({ page }) => {
  const none = "Object.defineProperty(navigator, 'locks', { value: undefined });";
  await page.addInitScript(none);
  await page.route('**/dashboard/worker.js', async (route) => {
    const response = await route.fetch();
    await route.fulfill({ response, body: `${none}\n${await response.text()}` });
  });
  await page.reload();
  await expect(lanes(page, 'writer')).toHaveCount(2);
  await expectProgress(page);
  await page.getByLabel('terminate(runtime, worker) of sharedwal').check();
  await page.getByRole('button', { name: 'Kill a writer' }).click();
  const killed = page.locator('.kill tbody tr');
  await expect(killed.locator('.number').last()).toHaveText('cannot be told here');
  await expect(killed).toContainText('nothing lost');
  await expectProgress(page);
});

test('who wants it still can freeze the picture', async ({ page }) => {
  await page.getByRole('button', { name: 'Freeze the picture' }).click();
  await page.waitForTimeout(300);
  const before = await figure(page, 'commits');
  await page.waitForTimeout(1000);
  expect(await figure(page, 'commits')).toBe(before);
  const hold = page.getByRole('button', { name: 'Hold a transaction of reader 1 open' });
  for (const pressed of ['true', 'false']) {
    await hold.click();
    await expect(hold).toHaveAttribute('aria-pressed', pressed);
  }
  await page.getByRole('button', { name: 'Freeze the picture' }).click();
  await expect.poll(() => figure(page, 'commits')).toBeGreaterThan(before + 20);
});

test('its workers end with it', async ({ page }) => {
  await page.getByRole('button', { name: 'Hold a transaction of writer 2 open' }).click();
  await expect.poll(() => page.workers().length).toBe(5);
  await page.goto('/www/#benchmarks');
  await expect(page.getByRole('heading', { name: 'Benchmarks' })).toBeVisible();
  await expect.poll(() => page.workers().length).toBe(0);
  await page.goto('/www/#dashboard');
  await expect(lanes(page, 'writer')).toHaveCount(2);
  await expectProgress(page);
});
