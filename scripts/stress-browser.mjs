// `npm run stress:browser`: the kill test for long. Prints what died where and how long others
// waited for it, and leaves it in target/stress-browser.md.
//
//   npm run stress:browser                       ten minutes in Chromium
//   npm run stress:browser -- --seconds=60       shorter
//   npm run stress:browser -- --seed=1           the random choices of another run
//   npm run stress:browser -- --firefox          in Firefox
//   npm run stress:browser -- --webkit           in WebKitGTK
import { writeFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { join } from 'node:path';
import { build } from './build.mjs';
import { reportOf } from './page.mjs';
import { installed, otherEngine } from './setup/other-engine.mjs';
import { root } from './setup/paths.mjs';
import { main, Stop, say } from './setup/report.mjs';
import { ask } from './setup/run.mjs';
import { setup } from './setup.mjs';
import { table } from './table.mjs';

/** What the page needs besides: to start, to let the last ones die, to check. */
const MORE_MS = 5 * 60_000;

/** @typedef {{ count: number, p50: number, p99: number, max: number }} Percentiles */

/**
 * @typedef {object} KillReport
 * @property {boolean} ok
 * @property {{ name: string, ok: boolean, detail?: string }[]} checks
 * @property {Record<string, any> & { diedWhile: Record<string, [number, number]>, msToRealEnd: Record<string, Percentiles>, msToNextCommit: Record<string, Percentiles> }} figures
 * @property {string} [error]
 */

function options() {
  const chosen = { seconds: 600, seed: '', other: otherEngine(process.argv) };
  for (const argument of process.argv.slice(2)) {
    const [, name, value = ''] = /^--(seconds|seed)=(\d+)$/.exec(argument) ?? [];
    if (name === 'seconds') chosen.seconds = Number(value);
    else if (name === 'seed') chosen.seed = value;
    else if (argument !== `--${chosen.other}`) {
      throw new Stop(
        `Unknown option ${argument}. Known: --seconds=number, --seed=number, --firefox, --webkit`,
      );
    }
  }
  return chosen;
}

/** @param {KillReport} report */
function tables({ checks, figures }) {
  const { diedWhile, msToRealEnd, msToNextCommit, ...others } = figures;
  const times = (/** @type {Record<string, Percentiles>} */ list) =>
    Object.entries(list).map(([from, row]) => ({ ms: from, ...row }));
  return [
    checks.map(({ name, ok, detail = '' }) => ({
      check: name,
      result: ok ? 'ok' : 'FAILED',
      detail,
    })),
    Object.entries(diedWhile ?? {}).map(([doing, [plain, asked]]) => ({
      'died while': doing,
      'worker.terminate()': plain,
      'terminate(runtime, worker)': asked,
    })),
    times(
      Object.fromEntries(
        Object.entries(msToRealEnd ?? {}).map(([how, row]) => [
          `${how}, from the call to the end`,
          row,
        ]),
      ),
    ),
    times(msToNextCommit ?? {}),
    Object.entries(others).map(([figure, value]) => ({ figure, value: JSON.stringify(value) })),
  ]
    .filter((rows) => rows.length > 0)
    .map((rows) => table(rows))
    .join('\n\n');
}

await main(import.meta.url, async () => {
  const chosen = options();
  const environment = await setup({ browser: !chosen.other, driver: false });
  const engine = await installed(chosen.other);
  await build(environment);
  const load = loadavg().map((one) => one.toFixed(1));
  const query = new URLSearchParams({
    ...{ name: 'kill', seconds: String(chosen.seconds) },
    ...(chosen.seed ? { seed: chosen.seed } : {}),
  });
  /** @type {KillReport} */
  const report = await reportOf({
    chromium: environment.chromium,
    ...engine,
    address: `/tests/page.html?${query}`,
    global: 'report',
    topic: 'kill',
    timeout: chosen.seconds * 1000 + MORE_MS,
  });
  const record = [
    `Kill test of ${new Date().toISOString().slice(0, 10)}, ${ask('git', ['rev-parse', '--short', 'HEAD']) ?? 'unknown commit'}, ${chosen.other ?? 'chromium'}, ${chosen.seconds} s, ${cpus()[0]?.model.trim()}, ${cpus().length} cores, load before: ${load.join(', ')}`,
    tables(report),
    report.error ?? '',
  ].join('\n\n');
  writeFileSync(join(root, 'target', 'stress-browser.md'), `${record}\n`);
  console.log(`\n${record}`);
  const ok = report.ok && report.checks.length > 0;
  say('kill', ok ? 'every check held' : 'FAILED');
  return ok ? 0 : 1;
});
