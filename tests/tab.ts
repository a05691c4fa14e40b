// A tab of whatever browser the tests run in: Chromium and Firefox by Playwright, WebKitGTK by
// WebDriver. Tests that do no more than open a page and read what it leaves run in all of them.
import { test as base, errors, type Page } from '@playwright/test';
import { webkit } from '../scripts/setup/webkit.mjs';
import { type Session, startWebKit } from '../scripts/webdriver.mjs';

export interface Tab {
  /** Goes to an address of the server of the tests. */
  open(address: string): Promise<void>;
  /** What the page leaves in a global of that name; undefined if it does not in `timeout` ms. */
  global(name: string, timeout: number): Promise<unknown>;
  /** What went wrong in the page, as far as the browser tells it. */
  errors: string[];
}

export function playwrightTab(page: Page): Tab {
  const found: string[] = [];
  page.on('pageerror', (error) => found.push(`page error: ${error.stack ?? error}`));
  page.on('console', (message) => {
    if (message.type() === 'error') found.push(`console: ${message.text()}`);
  });
  return {
    errors: found,
    async open(address) {
      await page.goto(address);
    },
    async global(name, timeout) {
      try {
        await page.waitForFunction((name) => name in globalThis, name, { timeout });
      } catch (error) {
        if (error instanceof errors.TimeoutError) return undefined;
        throw error;
      }
      return page.evaluate((name) => Reflect.get(globalThis, name), name);
    },
  };
}

function webkitTab(session: Session, baseURL = ''): Tab {
  return {
    errors: [],
    open: (address) => session.open(new URL(address, baseURL).href),
    global: (name, timeout) => session.global(name, timeout),
  };
}

type Driver = Awaited<ReturnType<typeof startWebKit>>;

/** Whether the tests run in Firefox, of which Playwright can do and hear less than of Chromium. */
export const inFirefox = Boolean(process.env.SHAREDWAL_FIREFOX);

/** Whether the tests run in WebKitGTK, where Playwright's `page` is not. */
export const inWebKit = Boolean(process.env.SHAREDWAL_WEBKIT);

const playwrightTest = base.extend<{ tab: Tab }>({
  tab: ({ page }, use) => use(playwrightTab(page)),
});

/** One for each page: a Firefox in which hundreds of workers have run is some three times as slow as a fresh one. */
const firefoxTest = base.extend<{ tab: Tab }>({
  async tab({ playwright, baseURL }, use) {
    const browser = await playwright.firefox.launch();
    await use(playwrightTab(await browser.newPage({ baseURL })));
    await browser.close();
  },
});

const webkitTest = base.extend<{ tab: Tab }, { driver: Driver }>({
  driver: [
    // biome-ignore lint/correctness/noEmptyPattern: Playwright reads what a fixture needs from it
    async ({}, use) => {
      const driver = await startWebKit(await webkit());
      await use(driver);
      await driver.close();
    },
    { scope: 'worker' },
  ],
  async tab({ driver, baseURL }, use) {
    const session = await driver.newSession();
    await use(webkitTab(session, baseURL));
    await session.close();
  },
});

export const test = inWebKit
  ? (webkitTest as unknown as typeof playwrightTest)
  : inFirefox
    ? firefoxTest
    : playwrightTest;
