// `npm run demo`: the main job in a browser, on this terminal. Exit status 0 only if every check of
// the job held.
//
//   npm run demo                 in Chromium
//   npm run demo -- --firefox    in Firefox
//   npm run demo -- --webkit     in WebKitGTK
//   npm run demo -- --headed     with a window
import { build } from './build.mjs';
import { reportOf } from './page.mjs';
import { installed, otherEngine } from './setup/other-engine.mjs';
import { main, say } from './setup/report.mjs';
import { setup } from './setup.mjs';
import { table } from './table.mjs';

const TIMEOUT_MS = 5 * 60_000;

/** Characters of a detail that fit beside the check's name. */
const DETAIL = 80;

/**
 * What www/ leaves in `globalThis.demoReport`.
 * @typedef {object} DemoReport
 * @property {boolean} ok
 * @property {{ name: string, ok: boolean, detail?: string }[]} checks
 * @property {Record<string, unknown>[]} workers
 * @property {string} [error]
 */

await main(import.meta.url, async () => {
  const other = otherEngine(process.argv);
  const environment = await setup({ browser: !other, driver: false });
  const engine = await installed(other);
  await build(environment);
  /** @type {DemoReport} */
  const report = await reportOf({
    chromium: environment.chromium,
    ...engine,
    address: '/www/?run=demo',
    global: 'demoReport',
    topic: 'demo',
    timeout: TIMEOUT_MS,
    headed: process.argv.includes('--headed'),
  });
  const held = report.checks.filter((check) => check.ok).length;
  // A report that checked nothing proves nothing.
  const ok = report.ok && held === report.checks.length && held > 0;
  if (report.workers?.length) console.log(`\n${table(report.workers)}`);
  console.log(
    `\n${table(
      report.checks.map(({ name, ok, detail = '' }) => ({
        check: name,
        result: ok ? 'ok' : 'FAILED',
        // A failure is told in full.
        detail: ok && detail.length > DETAIL ? `${detail.slice(0, DETAIL)} …` : detail,
      })),
    )}\n`,
  );
  if (report.error) console.log(`${report.error}\n`);
  say('demo', `${held} of ${report.checks.length} checks held`);
  return ok ? 0 : 1;
});
