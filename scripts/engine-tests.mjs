// `npm run test:firefox`, `npm run test:webkit`: the browser tests in another engine than Chromium.
// In WebKitGTK those that do no more than open pages (playwright.config.ts names them); in Firefox the
// projects of tests/packaging, too.
//
//   npm run test:firefox                 all of them
//   npm run test:firefox -- --short      a minute's selection, as `npm test` runs it
//   npm run test:firefox -- counter api  some, by the pages' names
import { join } from 'node:path';
import { build } from './build.mjs';
import { freePort } from './free-port.mjs';
import { pack } from './pack.mjs';
import { buildRustApp } from './rust-app.mjs';
import { installed, otherEngine } from './setup/other-engine.mjs';
import { root } from './setup/paths.mjs';
import { main, Stop } from './setup/report.mjs';
import { runShown } from './setup/run.mjs';
import { setup } from './setup.mjs';

/** What shows most: the job, one counter for all, what becomes of the dead, requests to stop. */
const SHORT = ['main_job', 'counter', 'deaths', 'stopping', 'kill', 'demo_job'];

await main(import.meta.url, async () => {
  const args = process.argv.slice(2);
  const name = otherEngine(args);
  if (!name) throw new Stop('Which engine? Known: --firefox, --webkit');
  const short = args.includes('--short');
  const tests = short ? SHORT : args.filter((argument) => !argument.startsWith('--'));
  const environment = await setup({ browser: false, shell: !short });
  const { firefox, webkit } = await installed(name);
  await build(environment);
  const all = tests.length === 0;
  if (all || tests.some((test) => test.startsWith('rust_app'))) await buildRustApp(environment);
  const playwright = join(root, 'node_modules', '@playwright', 'test', 'cli.js');
  const filter = all ? [] : ['-g', ` (${tests.join('|')})$`];
  const env = {
    ...environment.env,
    ...(short ? { SHAREDWAL_QUICK: '1' } : {}),
    ...(firefox ? { SHAREDWAL_FIREFOX: firefox } : {}),
    ...(webkit ? { SHAREDWAL_WEBKIT: '1' } : {}),
    ...(short ? {} : { SQLITE3: environment.sqlite3 }),
    SHAREDWAL_PORT: String(await freePort()),
  };
  const pages = await runShown(process.execPath, [playwright, 'test', ...filter], { env });
  if (!firefox || !all) return pages;
  await pack();
  const projects = ['--test', join(root, 'tests', 'packaging')];
  return (await runShown(process.execPath, projects, { env })) || pages;
});
