// Opens a page of this repository in a browser and waits for the report that it leaves in a global.
import { serve } from './serve.mjs';
import { engine } from './setup/engine.mjs';
import { Stop, say } from './setup/report.mjs';

/**
 * @template Report
 * @param {object} page
 * @param {string} page.chromium the browser's executable
 * @param {string} [page.firefox] that of a Firefox, to be taken instead
 * @param {string} page.address path and query
 * @param {string} page.global the name of the global that will hold the report
 * @param {string} page.topic lines that the page logs with `[topic]` in front are shown
 * @param {number} page.timeout in ms
 * @param {boolean} [page.headed] with a window, for watching
 * @returns {Promise<Report>}
 */
export async function reportOf(page) {
  const { address, global, topic, timeout } = page;
  const server = await serve();
  const browser = await launch(page);
  try {
    const name = page.firefox ? 'Firefox' : 'Chromium';
    say(topic, `${name} ${browser.version()} opens ${server.url}${address}`);
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
      .goto(server.url + address)
      .then((response) => {
        if (!response?.ok()) throw new Error(`HTTP status ${response?.status()}`);
      })
      .then(() => tab.waitForFunction((name) => name in globalThis, global, { timeout }))
      .then(() => tab.evaluate((name) => Reflect.get(globalThis, name), global))
      .catch((error) => {
        const why = error.name === 'TimeoutError' ? `no report after ${timeout / 1000} s` : error;
        throw new Stop([`The page did not finish: ${why}`, ...errors].join('\n'));
      });
    return await Promise.race([finished, broken]);
  } finally {
    await browser.close();
    await server.close();
  }
}

/** @param {{ chromium: string, firefox?: string, headed?: boolean }} page */
async function launch({ chromium, firefox, headed = false }) {
  const engines = await import('@playwright/test');
  const { browserName, launchOptions, ...options } = engine({ chromium, firefox });
  return engines[browserName].launch({ ...options, ...launchOptions, headless: !headed });
}
