// Opens a page of this repository in a browser and waits for the report that it leaves in a global.
import { serve } from './serve.mjs';
import { engine } from './setup/engine.mjs';
import { Stop, say } from './setup/report.mjs';
import { startWebKit } from './webdriver.mjs';

/**
 * @typedef {object} Page
 * @property {string} chromium the browser's executable
 * @property {string} [firefox] that of a Firefox, to be taken instead
 * @property {import('./setup/webkit.mjs').WebKit} [webkit] to be taken instead
 * @property {string} address path and query
 * @property {string} global the name of the global that will hold the report
 * @property {string} topic lines that the page logs with `[topic]` in front are shown (WebKitGTK's
 *   driver does not tell of them)
 * @property {number} timeout in ms
 * @property {boolean} [headed] with a window, for watching
 * @property {(browser: string) => void} [opened] is told the browser's name and version
 */

/**
 * @template Report
 * @param {Page} page
 * @returns {Promise<Report>}
 */
export async function reportOf(page) {
  const server = await serve();
  try {
    return await (page.webkit
      ? reportInWebKit(page.webkit, server.url, page)
      : reportByPlaywright(server.url, page));
  } finally {
    await server.close();
  }
}

/**
 * @param {import('./setup/webkit.mjs').WebKit} webkit
 * @param {string} url of the server
 * @param {Page} page
 */
async function reportInWebKit(webkit, url, page) {
  const { address, global, topic, timeout, headed = false, opened } = page;
  const driver = await startWebKit(headed ? { ...webkit, display: undefined } : webkit);
  try {
    const session = await driver.newSession();
    opened?.(`WebKitGTK ${session.version}`);
    say(topic, `WebKitGTK ${session.version} opens ${url}${address}`);
    await session.open(url + address);
    const report = await session.global(global, timeout);
    if (report === undefined) throw new Stop(`The page did not finish: ${late(timeout)}`);
    await session.close();
    return report;
  } finally {
    await driver.close();
  }
}

/**
 * @param {string} url of the server
 * @param {Page} page
 */
async function reportByPlaywright(url, page) {
  const { address, global, topic, timeout, opened } = page;
  const browser = await launch(page);
  try {
    const name = page.firefox ? 'Firefox' : 'Chromium';
    opened?.(`${name} ${browser.version()}`);
    say(topic, `${name} ${browser.version()} opens ${url}${address}`);
    const tab = await browser.newPage();
    /** @type {string[]} */
    const errors = [];
    const prefix = `[${topic}] `;
    tab.on('console', (message) => {
      const text = message.text();
      if (text.startsWith(prefix)) say(topic, text.slice(prefix.length));
      else if (message.type() === 'error') errors.push(text);
    });
    /** @type {Promise<never>} */
    const broken = new Promise((_, reject) => {
      tab.on('pageerror', (error) => reject(new Stop(`The page failed: ${error.stack ?? error}`)));
      tab.on('crash', () => reject(new Stop('The page crashed.')));
    });
    const finished = tab
      .goto(url + address)
      .then((response) => {
        if (!response?.ok()) throw new Error(`HTTP status ${response?.status()}`);
      })
      .then(() => tab.waitForFunction((name) => name in globalThis, global, { timeout }))
      .then(() => tab.evaluate((name) => Reflect.get(globalThis, name), global))
      .catch((error) => {
        const why = error.name === 'TimeoutError' ? late(timeout) : error;
        throw new Stop([`The page did not finish: ${why}`, ...errors].join('\n'));
      });
    return await Promise.race([finished, broken]);
  } finally {
    await browser.close();
  }
}

/** @param {number} timeout */
function late(timeout) {
  return `no report after ${timeout / 1000} s`;
}

/** @param {{ chromium: string, firefox?: string, headed?: boolean }} page */
async function launch({ chromium, firefox, headed = false }) {
  const engines = await import('@playwright/test');
  const { browserName, launchOptions, ...options } = engine({ chromium, firefox });
  return engines[browserName].launch({ ...options, ...launchOptions, headless: !headed });
}
