// Opens a page of this repository in Chromium and waits for the report that it leaves in a global.
import { serve } from './serve.mjs';
import { chromiumArguments } from './setup/chromium-arguments.mjs';
import { Stop, say } from './setup/report.mjs';

/**
 * @template Report
 * @param {object} page
 * @param {string} page.chromium the browser's executable
 * @param {string} page.address path and query
 * @param {string} page.global the name of the global that will hold the report
 * @param {string} page.topic lines that the page logs with `[topic]` in front are shown
 * @param {number} page.timeout in ms
 * @param {boolean} [page.headed] with a window, for watching
 * @returns {Promise<Report>}
 */
export async function reportOf({ chromium, address, global, topic, timeout, headed = false }) {
  const { chromium: engine } = await import('@playwright/test');
  const server = await serve();
  const browser = await engine.launch({
    executablePath: chromium,
    headless: !headed,
    args: chromiumArguments,
  });
  try {
    say(topic, `Chromium ${browser.version()} opens ${server.url}${address}`);
    const page = await browser.newPage();
    /** @type {string[]} */
    const errors = [];
    const prefix = `[${topic}] `;
    page.on('console', (message) => {
      const text = message.text();
      if (text.startsWith(prefix)) say(topic, text.slice(prefix.length));
      else if (message.type() === 'error') errors.push(text);
    });
    /** @type {Promise<never>} */
    const broken = new Promise((_, reject) => {
      page.on('pageerror', (error) => reject(new Stop(`The page failed: ${error.stack ?? error}`)));
      page.on('crash', () => reject(new Stop('The page crashed.')));
    });
    const finished = page
      .goto(server.url + address)
      .then((response) => {
        if (!response?.ok()) throw new Error(`HTTP status ${response?.status()}`);
      })
      .then(() => page.waitForFunction((name) => name in globalThis, global, { timeout }))
      .then(() => page.evaluate((name) => Reflect.get(globalThis, name), global))
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
