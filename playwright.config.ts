import { defineConfig } from '@playwright/test';
import { engine } from './scripts/setup/engine.mjs';

const { SHAREDWAL_CHROMIUM: chromium, SHAREDWAL_FIREFOX: firefox } = process.env;
const webkit = Boolean(process.env.SHAREDWAL_WEBKIT);
/** Playwright empties its folder when it starts: what one engine leaves is not the next one's to delete. */
const name = webkit ? 'webkit' : firefox ? 'firefox' : 'chromium';
/** Without the tests that need more of a page than to open it. */
const inWebKit = ['pages.spec.ts', 'autocommit_inserts.spec.ts', '*_job.spec.ts'];

const port = Number(process.env.SHAREDWAL_PORT ?? 8931);

export default defineConfig({
  testDir: 'tests',
  testMatch: webkit ? inWebKit : '**/*.spec.ts',
  outputDir: `test-results/${name}`,
  // The pages measure contention between their own workers: one page at a time.
  workers: 1,
  fullyParallel: false,
  retries: 0,
  forbidOnly: Boolean(process.env.CI),
  timeout: 120_000,
  expect: { timeout: 60_000 },
  reporter: [['list']],
  use: {
    baseURL: `http://localhost:${port}`,
    headless: true,
    ...engine({ chromium, firefox }),
  },
  webServer: {
    command: `node scripts/serve.mjs ${port}`,
    url: `http://localhost:${port}/package.json`,
    reuseExistingServer: !process.env.CI,
  },
});
