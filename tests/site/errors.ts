// The test of the site's specs: of what a page opens nothing may answer with an error, and nothing may throw.
import { test as base, expect } from '@playwright/test';

/** What went wrong in the page so far. */
export type Errors = string[];

export const test = base.extend<{ errors: Errors }>({
  errors: [
    async ({ page }, use) => {
      const errors: Errors = [];
      page.on('pageerror', (error) => errors.push(`page error: ${error.stack ?? error}`));
      page.on('console', (message) => {
        if (message.type() === 'error') errors.push(`console: ${message.text()}`);
      });
      page.on('response', (response) => {
        if (response.status() >= 400) errors.push(`${response.status()}: ${response.url()}`);
      });
      await use(errors);
      expect(errors, 'what went wrong in the page').toEqual([]);
    },
    { auto: true },
  ],
});

/** For a test that makes something go wrong: something did, and may. */
export function expectProvoked(errors: Errors): void {
  expect(errors.splice(0), 'what the test provokes').not.toEqual([]);
}
