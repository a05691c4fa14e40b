import { defineConfig } from '@playwright/test';
import { chromiumArguments } from './scripts/setup/chromium-arguments.mjs';

/** Chromium, unless the executable of a Firefox is given. */
const { SHAREDWAL_CHROMIUM, SHAREDWAL_FIREFOX } = process.env;
const engine = SHAREDWAL_FIREFOX
  ? {
      browserName: 'firefox' as const,
      // Not Playwright's own build of Firefox, but one as it is released.
      channel: 'moz-firefox',
      launchOptions: { executablePath: SHAREDWAL_FIREFOX },
    }
  : {
      browserName: 'chromium' as const,
      launchOptions: { executablePath: SHAREDWAL_CHROMIUM, args: chromiumArguments },
    };

const port = Number(process.env.SHAREDWAL_PORT ?? 8931);

export default defineConfig({
  testDir: 'tests',
  testMatch: '**/*.spec.ts',
  outputDir: 'test-results',
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
    ...engine,
  },
  webServer: {
    command: `node scripts/serve.mjs ${port}`,
    url: `http://localhost:${port}/package.json`,
    reuseExistingServer: !process.env.CI,
  },
});
