// `npm test`: sets up, then runs every stage and says how long each took. Exit status 0 only if all
// passed. The last line counts the stages.
//
//   npm test -- --quick               without the long stress runs
//   npm test -- --only=clippy,wasm    only stages whose name contains one of these

import { readFileSync } from 'node:fs';
import { logFile } from './setup/paths.mjs';
import { main, Stop, say, seconds } from './setup/report.mjs';
import { runQuietly } from './setup/run.mjs';
import { setup } from './setup.mjs';
import { stages } from './test/stages.mjs';

/** @typedef {import('./test/stages.mjs').Stage} Stage */
/** @typedef {{ name: string, passed: boolean, time: number, note: string, why: string[] }} Result */

/** What went wrong, as far as a few lines can tell it: the last thing that CI shows. */
const TELLING = /panicked at|\bFAILED\b|SHAREDWAL_SEED|^error\b|Error:|running for over|^\s+\d+\) /;
const TELLING_LINES = 12;

function options() {
  /** @type {{ quick: boolean, only: string[] }} */
  const chosen = { quick: false, only: [] };
  for (const argument of process.argv.slice(2)) {
    if (argument === '--quick') chosen.quick = true;
    else if (argument.startsWith('--only=')) chosen.only = argument.slice(7).split(',');
    else throw new Stop(`Unknown option ${argument}. Known: --quick, --only=name,name`);
  }
  return chosen;
}

/**
 * @param {string} name
 * @param {() => Promise<string>} work its result is a note for the summary; it throws on failure
 * @returns {Promise<Result>}
 */
async function timed(name, work) {
  say('test', `${name}: starts`);
  const start = performance.now();
  let passed = true;
  let note = '';
  /** @type {string[]} */
  let why = [];
  try {
    note = await work();
  } catch (error) {
    passed = false;
    why = error instanceof StageFailed ? error.why : [];
    console.error(error instanceof Stop ? `\n${error.message}\n` : error);
  }
  const time = performance.now() - start;
  const verdict = `${passed ? 'passed' : 'FAILED'} in ${seconds(time)}`;
  say('test', `${name}: ${verdict}${note && ` (${note})`}`);
  return { name, passed, time, note, why };
}

class StageFailed extends Stop {
  /**
   * @param {string} message
   * @param {string} output everything that the stage printed
   */
  constructor(message, output) {
    super(message);
    const lines = output.split('\n');
    this.why = lines
      .filter((line, at) => TELLING.test(line) || /panicked at/.test(lines[at - 1] ?? ''))
      .map((line) => line.trim().slice(0, 200))
      .slice(0, TELLING_LINES);
  }
}

/** @param {Stage} stage */
async function runStage(stage) {
  if (stage.work) await stage.work();
  let output = '';
  /** @type {string[]} */
  const failures = [];
  for (const [number, { command, args, env }] of (stage.commands ?? []).entries()) {
    const log = logFile(`test-${stage.name}${number > 0 ? `-${number + 1}` : ''}`);
    const { status, tail } = await runQuietly(command, args, log, { env }, (line) =>
      say('test', `  ... ${line}`),
    );
    output += readFileSync(log, 'utf8');
    if (status !== 0) {
      const line = [command, ...args].join(' ');
      failures.push(`${tail}\n\nFailed (status ${status}): ${line}\nLog: ${log}`);
    }
  }
  if (failures.length > 0) throw new StageFailed(failures.join('\n\n'), output);
  return stage.count?.(output) ?? '';
}

/** @param {Result[]} results */
function summary(results) {
  const width = Math.max(...results.map(({ name }) => name.length));
  console.log('');
  for (const { name, passed, time, note } of results) {
    const line = `${passed ? 'passed' : 'FAILED'}  ${name.padEnd(width)}  ${seconds(time).padStart(7)}  ${note}`;
    console.log(line.trimEnd());
  }
  for (const { name, why } of results) {
    for (const line of why) console.log(`  ${name}: ${line}`.trimEnd());
  }
  const passed = results.filter((result) => result.passed).length;
  console.log(`\n${passed} passed, ${results.length - passed} failed`);
  return passed === results.length ? 0 : 1;
}

await main(import.meta.url, async () => {
  const { quick, only } = options();
  /** @type {import('./setup.mjs').Setup | undefined} */
  let environment;
  const results = [
    await timed('set-up', async () => {
      environment = await setup();
      return '';
    }),
  ];
  if (!environment) return summary(results);

  const all = await stages(environment, quick);
  const chosen = all.filter(
    ({ name }) => only.length === 0 || only.some((part) => name.includes(part)),
  );
  if (chosen.length === 0) {
    throw new Stop(`No such stage. There are: ${all.map(({ name }) => name).join(', ')}`);
  }
  for (const stage of chosen) {
    const missing = results.find(({ name, passed }) => name === stage.after && !passed);
    const work = () =>
      missing
        ? Promise.reject(new Stop(`Not run, because ${missing.name} failed.`))
        : runStage(stage);
    results.push(await timed(stage.name, work));
  }
  return summary(results);
});
