import { test } from '@playwright/test';
import { openPage, quick } from './open_page.js';

for (let i = 1; i <= (quick ? 2 : 10); i++) {
  test(`every acknowledged row is there, run ${i}`, async ({ page }) => {
    await openPage(page, 'autocommit_inserts', { minChecks: 18 });
  });
}
