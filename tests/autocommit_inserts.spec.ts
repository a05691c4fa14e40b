import { openPage, quick } from './open_page.js';
import { test } from './tab.js';

for (let i = 1; i <= (quick ? 2 : 10); i++) {
  test(`every acknowledged row is there, run ${i}`, async ({ tab }) => {
    await openPage(tab, 'autocommit_inserts', { minChecks: 18 });
  });
}
