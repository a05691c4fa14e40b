// `npm run browsers`: what this is in each engine, measured: the main job, the kill test for a minute, and
// what doctor() says. As a table on this terminal; best with nothing else running.
//
//   npm run browsers                  in Chromium, Firefox and WebKitGTK, some five minutes
//   npm run browsers -- --record      writes it into README.md as well
import { markdownTable } from '../bench/markdown.js';
import { build } from './build.mjs';
import { machine } from './machine.mjs';
import { reportOf } from './page.mjs';
import { record } from './record.mjs';
import { installed, obtainable } from './setup/other-engine.mjs';
import { main, Stop } from './setup/report.mjs';
import { setup } from './setup.mjs';

/** @typedef {import('./setup/other-engine.mjs').OtherEngine} OtherEngine */
/** @typedef {import('./stress-browser.mjs').Percentiles} Percentiles */
/** @typedef {import('../dist/doctor/index.js').Environment} Environment */

const KILL_SECONDS = 60;
const TIMEOUT_MS = 6 * 60_000;

/** What runs say by passing or failing, and no figure of them. */
const TESTED = {
  chromium: ['all, every commit', 'all of it', 'nothing'],
  firefox: [
    'a selection every commit, all but the wasm tests by `npm run test:firefox`',
    'all of it',
    'nothing',
  ],
  webkit: [
    'a selection every commit, the pages by `npm run test:webkit`',
    'what the pages show, where its environment has `JSC_useSharedArrayBuffer=1`: shared memory is switched off there otherwise',
    'nothing; streams can neither be posted nor read by `for await`, some hundred runtimes are too many for its address space, and see [testing.md](docs/testing.md#other-engines) for workers that load modules of their own',
  ],
};

/**
 * @typedef {object} Measured
 * @property {string} engine with its version
 * @property {Environment} environment
 * @property {number} importSeconds
 * @property {Percentiles} end from worker.terminate() to the real end
 * @property {Percentiles} commit from terminate(runtime, worker) to the next commit
 */

/**
 * @param {OtherEngine | undefined} name
 * @param {string} chromium
 * @returns {Promise<Measured>}
 */
async function measure(name, chromium) {
  const engine = { chromium, ...(await installed(name)) };
  let version = '';
  /** @param {string} address @param {string} global */
  const reportFrom = async (address, global) => {
    const report = await reportOf({
      ...engine,
      ...{ address, global, topic: 'browsers', timeout: TIMEOUT_MS },
      opened: (browser) => {
        version = browser;
      },
    });
    const failed = report.checks.find((/** @type {{ ok: boolean }} */ { ok }) => !ok);
    if (!report.ok || failed)
      throw new Stop(`${version}: ${JSON.stringify(failed ?? report.error)}`);
    return report.figures;
  };
  const { environment } = await reportFrom('/tests/page.html?name=doctor', 'report');
  const { importSeconds } = await reportFrom('/www/?run=demo', 'demoReport');
  const kill = await reportFrom(`/tests/page.html?name=kill&seconds=${KILL_SECONDS}`, 'report');
  return {
    engine: version,
    environment,
    importSeconds,
    end: kill.msToRealEnd.plain,
    commit: kill.msToNextCommit['asked, from the call'],
  };
}

/** @param {number} ms */
const time = (ms) => (ms < 1000 ? `${ms.toFixed(0)} ms` : `${(ms / 1000).toFixed(1)} s`);

/** @param {[keyof typeof TESTED, Measured][]} all */
function rows(all) {
  const row = (
    /** @type {string} */ title,
    /** @type {(one: Measured, name: keyof typeof TESTED) => string | undefined} */ cell,
  ) => ({
    ' ': title,
    ...Object.fromEntries(all.map(([name, one]) => [one.engine, cell(one, name) ?? ''])),
  });
  const answer = (/** @type {unknown[]} */ ...facts) =>
    facts.map((fact) => (fact ? 'yes' : 'no')).join(', ');
  return [
    row('tested', (_, name) => TESTED[name][0]),
    row('works', (_, name) => TESTED[name][1]),
    row('growth in place, Web Locks, `Atomics.waitAsync`', ({ environment }) =>
      answer(
        environment.growth,
        environment.webLocks === 'available',
        environment.atomicsWaitAsync,
      ),
    ),
    row('falls back, or is missing', (_, name) => TESTED[name][2]),
    row('import of 200,000 rows beside three readers', ({ importSeconds }) =>
      time(importSeconds * 1000),
    ),
    row(
      'a worker lives on after `worker.terminate()`: half of them, all',
      ({ end }) => `${time(end.p50)}, ${time(end.max)}`,
    ),
    row(
      'from `terminate(runtime, worker)` to the next commit: half of them, 99 %',
      ({ commit }) => `${time(commit.p50)}, ${time(commit.p99)}`,
    ),
  ];
}

await main(import.meta.url, async () => {
  const environment = await setup({ driver: false });
  await build(environment);
  const { processor, cores, loadBefore } = machine();
  /** @type {[keyof typeof TESTED, Measured][]} */
  const all = [['chromium', await measure(undefined, environment.chromium)]];
  for (const name of obtainable()) all.push([name, await measure(name, environment.chromium)]);
  const date = new Date().toISOString().slice(0, 10);
  const lines = [
    ...markdownTable(rows(all), /^$/),
    '',
    `Measured on ${date} one after the other: the main job, and ${KILL_SECONDS} s of the kill test. ${processor}, ${cores} cores; load before: ${loadBefore[0]}.`,
  ];
  console.log(`\n${lines.join('\n')}`);
  if (process.argv.includes('--record')) {
    record('README.md', '<!-- browsers:', '<!-- end of browsers -->', lines);
  }
});
