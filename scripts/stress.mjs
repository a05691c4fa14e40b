// `npm run stress`: everything random for longer. Native stress with deaths at every named point,
// every mutation with every test that has to notice it, the larger models, and workers that die in a
// browser. Prints what was counted and leaves it in target/stress.md.
//
//   npm run stress                      20 s a case, about 15 minutes
//   npm run stress -- --seconds=120     longer
//   npm run stress -- --native          without the browser
//
// SHAREDWAL_SEED replays the random choices of a run.
import { readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { build } from './build.mjs';
import { freePort } from './free-port.mjs';
import { logFile, root } from './setup/paths.mjs';
import { main, Stop, say, seconds } from './setup/report.mjs';
import { ask, runQuietly } from './setup/run.mjs';
import { setup } from './setup.mjs';

/** @typedef {import('./setup/run.mjs').Environment} Environment */

const BROWSER_RUNS = 10;

function options() {
  const chosen = { seconds: 20, native: false };
  for (const argument of process.argv.slice(2)) {
    const [, value] = /^--seconds=(\d+)$/.exec(argument) ?? [];
    if (value) chosen.seconds = Number(value);
    else if (argument === '--native') chosen.native = true;
    else throw new Stop(`Unknown option ${argument}. Known: --seconds=number, --native`);
  }
  return chosen;
}

/**
 * Runs a command to its end; its output. Throws where it fails.
 * @param {string} name
 * @param {string} command
 * @param {string[]} args
 * @param {Environment} env
 */
async function run(name, command, args, env) {
  say('stress', `${name}: starts`);
  const start = performance.now();
  const log = logFile(`stress-${name}`);
  // As long as it was asked to take.
  const limits = { env, minutes: 24 * 60 };
  const { status, tail } = await runQuietly(command, args, log, limits, (line) =>
    say('stress', `  ... ${line}`),
  );
  if (status !== 0) throw new Stop(`${tail}\n\n${name} failed (status ${status}). Log: ${log}`);
  say('stress', `${name}: passed in ${seconds(performance.now() - start)}`);
  return readFileSync(log, 'utf8');
}

/** @param {string} output of the cases of the stress */
function counts(output) {
  const sum = (/** @type {RegExp} */ pattern) =>
    [...output.matchAll(pattern)].reduce((total, [, number]) => total + Number(number), 0);
  /** @type {Map<string, number>} */
  const points = new Map();
  for (const [, list] of output.matchAll(/: deaths at (.+)$/gm)) {
    for (const [, point, count] of (list ?? '').matchAll(/(\w+) (\d+)/g)) {
      if (point) points.set(point, (points.get(point) ?? 0) + Number(count));
    }
  }
  return {
    seed: /SHAREDWAL_SEED=(\d+)/.exec(output)?.[1] ?? 'unknown',
    // Not at the start of a line, where the runner writes the test's name.
    cases: [...output.matchAll(/\w+: \d+ deaths, Tally/g)].length,
    deaths: sum(/\w+: (\d+) deaths, Tally/g),
    commits: sum(/ commits: (\d+)/g),
    reads: sum(/ reads: (\d+)/g),
    rollbacks: sum(/ rollbacks: (\d+)/g),
    spills: sum(/ spills: (\d+)/g),
    checkpoints: sum(/ checkpoints: (\d+)/g),
    points,
  };
}

await main(import.meta.url, async () => {
  const chosen = options();
  const environment = await setup({ browser: !chosen.native, driver: false });
  const env = {
    ...environment.env,
    FORCE_COLOR: '0',
    SHAREDWAL_STRESS_SECONDS: String(chosen.seconds),
  };
  const test = (/** @type {string} */ filter) => [
    ...['test', '--locked', '-p', 'sharedwal', '--lib', '--', filter],
    ...['--nocapture', '--test-threads=1'],
  ];
  const native = counts(await run('native', 'cargo', test('stress::'), env));
  const steady = await run('steady-commits', 'cargo', test('steady_commits::'), env);
  const mutations = await run('mutations', 'cargo', test('mutations::'), env);
  const caught = [...mutations.matchAll(/\w+: \S+ fails after .+$/gm)].map(([line]) => line);
  const models = await run('models', 'cargo', test('model::'), {
    ...env,
    SHAREDWAL_MODEL_FULL: '1',
  });
  const states = [...models.matchAll(/ (\d+) states,/g)].map(([, count]) => Number(count));
  /** @type {string[]} */
  const browser = [];
  if (!chosen.native) {
    await build(environment);
    const playwright = join(root, 'node_modules', '@playwright', 'test', 'cli.js');
    const args = [playwright, 'test', '-g', 'deaths', `--repeat-each=${BROWSER_RUNS}`];
    const output = await run('browser', process.execPath, args, {
      ...env,
      SHAREDWAL_CHROMIUM: environment.chromium,
      SHAREDWAL_PORT: String(await freePort()),
    });
    browser.push(`- browser: ${/\d+ passed.*/.exec(output)?.[0] ?? 'nothing'}, 22 deaths each`);
  }
  const { points, ...figures } = native;
  const record = [
    `# Stress of ${new Date().toISOString().slice(0, 10)}`,
    '',
    `- ${ask('git', ['rev-parse', '--short', 'HEAD'])?.trim() ?? 'unknown commit'}, ${cpus()[0]?.model.trim()}, ${cpus().length} cores, ${chosen.seconds} s a case`,
    ...Object.entries(figures).map(([name, value]) => `- ${name}: ${value.toLocaleString('en')}`),
    `- deaths by point: ${[...points].map(([point, count]) => `${point} ${count}`).join(', ')}`,
    `- steady commits: ${/\d+ commits, .+$/m.exec(steady)?.[0]}`,
    `- models: ${states.length}, ${states.reduce((a, b) => a + b, 0).toLocaleString('en')} states`,
    ...browser,
    '',
    ...caught.map((line) => `- ${line}`),
    '',
  ].join('\n');
  writeFileSync(join(root, 'target', 'stress.md'), record);
  console.log(`\n${record}`);
});
