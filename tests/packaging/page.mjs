// Opens a page of a project in Chromium, in Firefox or in both, as the environment names them, and
// waits until its scripts have said what they found.
import assert from 'node:assert/strict';
import { chromium, firefox } from '@playwright/test';
import { engine } from '../../scripts/setup/engine.mjs';

const TIMEOUT_MS = 60_000;

const { SHAREDWAL_CHROMIUM, SHAREDWAL_FIREFOX } = process.env;
const inChromium = { chromium: SHAREDWAL_CHROMIUM, firefox: undefined };
const inFirefox = { chromium: undefined, firefox: SHAREDWAL_FIREFOX };

const browsers = [
  ...(SHAREDWAL_CHROMIUM || !SHAREDWAL_FIREFOX ? [engine(inChromium)] : []),
  ...(SHAREDWAL_FIREFOX ? [engine(inFirefox)] : []),
];

/**
 * @typedef {object} Said
 * @property {number} [visits]
 * @property {unknown} [drizzle]
 * @property {unknown} [doctor]
 * @property {unknown} [pool]
 * @property {unknown} [slim]
 * @property {unknown} [standard]
 */

/**
 * @param {string} url
 * @param {(said: Said[]) => boolean} complete whether all has been said
 * @param {(page: import('@playwright/test').Page) => Promise<void>} [use]
 * @returns {Promise<{ said: Said[], requests: string[] }[]>} for each browser: objects that the page
 *   and its workers logged; paths that they asked the server for
 */
export async function open(url, complete, use) {
  const found = [];
  for (const browser of browsers) found.push(await openIn(browser, url, complete, use));
  return found;
}

/**
 * @param {ReturnType<typeof engine>} engine
 * @param {string} url
 * @param {(said: Said[]) => boolean} complete
 * @param {(page: import('@playwright/test').Page) => Promise<void>} [use]
 * @returns {Promise<{ said: Said[], requests: string[] }>}
 */
async function openIn({ browserName, launchOptions, ...options }, url, complete, use) {
  const type = browserName === 'firefox' ? firefox : chromium;
  const browser = await type.launch({ ...options, ...launchOptions });
  try {
    const page = await browser.newPage();
    /** @type {Said[]} */
    const said = [];
    /** @type {string[]} */
    const requests = [];
    await new Promise((resolve, reject) => {
      const timer = setTimeout(
        () => reject(new Error(`${url} said only ${JSON.stringify(said)} in ${TIMEOUT_MS} ms`)),
        TIMEOUT_MS,
      );
      const fail = (/** @type {string} */ why) => {
        clearTimeout(timer);
        reject(new Error(`${url} in ${browserName}: ${why}`));
      };
      let used = false;
      const finish = () => {
        if (!used || !complete(said)) return;
        clearTimeout(timer);
        resolve(undefined);
      };
      page.on('pageerror', (error) => fail(error.stack ?? String(error)));
      page.on('request', (request) => requests.push(new URL(request.url()).pathname));
      page.on('requestfailed', (request) =>
        fail(`${request.method()} ${request.url()} failed: ${request.failure()?.errorText}`),
      );
      page.on('response', (response) => {
        const { pathname } = new URL(response.url());
        if (response.status() >= 400 && pathname !== '/favicon.ico') {
          fail(`${response.url()}: ${response.status()}`);
        }
      });
      page.on('console', async (message) => {
        const from = message.location().url;
        if (['error', 'warning'].includes(message.type()) && !from.endsWith('/favicon.ico')) {
          return fail(`${message.type()}: ${message.text()}`);
        }
        const value = await message
          .args()[0]
          ?.jsonValue()
          .catch(() => undefined);
        if (typeof value !== 'object' || value === null) return;
        said.push(value);
        finish();
      });
      page
        .goto(url)
        .then(() => use?.(page))
        .then(() => {
          used = true;
          finish();
        })
        .catch((error) => fail(error.stack ?? String(error)));
    });
    assert.equal(await page.evaluate(() => crossOriginIsolated), true);
    return { said, requests };
  } finally {
    await browser.close();
  }
}

/**
 * Opens the page of `app/`, with the README's quickstart, and checks what it says.
 *
 * @param {string} url
 * @returns {Promise<string[]>} paths that were asked for, by whichever browser
 */
export async function check(url) {
  const all = await open(url, (said) => said.length >= 9);
  for (const { said } of all) checkSaid(said);
  return all.flatMap(({ requests }) => requests);
}

/** @param {Said[]} said */
function checkSaid(said) {
  const find = (/** @type {keyof Said} */ name) =>
    said.filter((one) => name in one).map((one) => one[name]);
  // Four workers each write one row, then count: each sees its own, and who is last sees all.
  const visits = find('visits').map(Number);
  assert.equal(visits.length, 4, JSON.stringify(said));
  assert.equal(Math.max(...visits), 4);
  assert.ok(Math.min(...visits) >= 1);
  assert.deepEqual(find('drizzle'), [[{ journal_mode: 'wal' }]]);
  assert.deepEqual(find('doctor'), [true]);
  assert.deepEqual(find('pool'), [[{ n: 1 }, { n: 2 }, { n: 3 }]]);
  assert.deepEqual(find('standard'), [{ journal: 'wal', sum: 6 }]);
  assert.deepEqual(find('slim'), [{ journal: 'wal', sum: 6 }]);
}
