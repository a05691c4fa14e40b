// `npm run test:firefox`: pages of the test suite in Firefox, the same as in Chromium.
//
//   npm run test:firefox                 the main job, deaths, stopping, the kill test
//   npm run test:firefox -- counter api  other pages, by their names
//   npm run test:firefox -- .            all of them
import { join } from 'node:path';
import { build } from './build.mjs';
import { firefox } from './setup/firefox.mjs';
import { root } from './setup/paths.mjs';
import { main } from './setup/report.mjs';
import { runShown } from './setup/run.mjs';
import { setup } from './setup.mjs';
import { freePort } from './test/stages.mjs';

const PAGES = ['main_job', 'deaths', 'stopping', 'kill'];

await main(import.meta.url, async () => {
  const environment = await setup({ browser: false });
  const executable = await firefox();
  await build(environment);
  const chosen = process.argv.slice(2);
  const names = chosen.length > 0 ? chosen : PAGES;
  const filter = names.includes('.') ? [] : ['-g', ` (${names.join('|')})$`];
  const playwright = join(root, 'node_modules', '@playwright', 'test', 'cli.js');
  return runShown(process.execPath, [playwright, 'test', 'pages.spec.ts', ...filter], {
    env: {
      ...environment.env,
      SHAREDWAL_FIREFOX: executable,
      SHAREDWAL_PORT: String(await freePort()),
    },
  });
});
