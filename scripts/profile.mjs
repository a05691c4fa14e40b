// `npm run profile`: where the time of a workload goes, by functions of JavaScript and of the module.
//
//   npm run profile                        all workloads
//   npm run profile -- inserts --top=40    one, with so many functions
//
// In Node, whose engine is Chromium's: the same files of dist/, with a module that has its functions'
// names. V8 samples the thread of each connection.
import { cpSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import { build, wasmWithNames } from './build.mjs';
import { root, targetDirectory } from './setup/paths.mjs';
import { main, Stop } from './setup/report.mjs';
import { setup } from './setup.mjs';
import { table } from './table.mjs';

/** @typedef {{ name: string, callsPerSecond: number, microseconds: number, functions: [string, number][] }} Result */

const WORKLOADS = {
  reads: ['reader'],
  inserts: ['inserter'],
  'reads beside a writer': ['reader', 'updater'],
  'bulk inserts': ['bulk inserter'],
  scans: ['scanner'],
  opening: ['opener'],
  'two writers': ['updater', 'updater'],
  checkpoints: ['checkpointer'],
};
const MILLISECONDS = 3000;

/** @param {string} directory of a copy of dist/ */
async function runOne(directory, /** @type {string[]} */ roles) {
  const at = (/** @type {string} */ file) => pathToFileURL(join(directory, file)).href;
  const { createRuntime, share } = await import(at('index.js'));
  const runtime = createRuntime({ name: 'profile' });
  const script = new URL('./profile/connection.mjs', import.meta.url);
  const threads = roles.map(
    (role) => new Worker(script, { workerData: { entry: at('better_sqlite3.js'), role } }),
  );
  const next = (/** @type {Worker} */ thread) =>
    new Promise((resolve, reject) => {
      thread.once('message', resolve);
      thread.once('error', reject);
    });
  try {
    // One after the other: the first makes the tables.
    for (const thread of threads) {
      thread.postMessage(share(runtime, thread));
      await next(thread);
    }
    for (const thread of threads) thread.postMessage(MILLISECONDS);
    return /** @type {Result[]} */ (await Promise.all(threads.map(next)));
  } finally {
    await Promise.all(threads.map((thread) => thread.terminate()));
  }
}

await main(import.meta.url, async () => {
  const environment = await setup({ browser: false });
  await build(environment);
  const words = process.argv.slice(2);
  const top = Number(words.find((word) => word.startsWith('--top='))?.slice(6) ?? 25);
  const chosen = words.filter((word) => !word.startsWith('--'));
  const unknown = chosen.find((name) => !Object.hasOwn(WORKLOADS, name));
  if (unknown !== undefined) {
    throw new Stop(`There is no workload "${unknown}", only: ${Object.keys(WORKLOADS).join(', ')}`);
  }
  const directory = join(targetDirectory, 'profile');
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory, { recursive: true });
  cpSync(join(root, 'dist'), directory, { recursive: true });
  await wasmWithNames(environment, join(directory, 'sharedwal.wasm'));
  for (const [name, roles] of Object.entries(WORKLOADS)) {
    if (chosen.length > 0 && !chosen.includes(name)) continue;
    for (const result of await runOne(directory, roles)) {
      const { callsPerSecond, microseconds, functions } = result;
      console.log(
        `\n${name}: ${result.name}, ${callsPerSecond.toLocaleString('en')} calls/s, ${microseconds.toFixed(2)} µs each`,
      );
      const rows = functions.slice(0, top).map(([what, share]) => ({
        'self time': `${(share * 100).toFixed(1)} %`,
        'ns a call': (share * microseconds * 1000).toFixed(0),
        function: what,
      }));
      console.log(table(rows));
    }
  }
});
