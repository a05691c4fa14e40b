// `npm run bench`: sharedwal and its rivals in Chromium; the results as a table on this terminal
// and in bench/results/.
//
//   npm run bench -- --quick            in about a minute, without those that keep their data in files
//   npm run bench -- --only=point       the workloads whose names match
//   npm run bench -- --headed           with a window
//   npm run bench -- --record           writes what all of it gave into README.md and docs/performance.md
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { markdown, markdownTable, NUMBERS } from '../bench/markdown.js';
import { summaryRows } from '../bench/summary.js';
import { failureRows, tableRows, targetRows } from '../bench/table.js';
import { build } from './build.mjs';
import { machine } from './machine.mjs';
import { reportOf } from './page.mjs';
import { record } from './record.mjs';
import { root } from './setup/paths.mjs';
import { main, Stop, say } from './setup/report.mjs';
import { setup } from './setup.mjs';
import { table } from './table.mjs';

/** @typedef {import('../bench/benchmark.js').BenchReport} BenchReport */

const TIMEOUT_MS = 60 * 60_000;

await main(import.meta.url, async () => {
  const environment = await setup({ driver: false });
  await build(environment);
  const here = machine();
  const plan = process.argv.includes('--quick') ? 'quick' : 'full';
  const only = process.argv.find((argument) => argument.startsWith('--only='))?.slice(7);
  const whole = plan === 'full' && only === undefined;
  const recording = process.argv.includes('--record');
  if (recording && !whole)
    throw new Stop('--record is for a whole run, without --quick and --only');
  /** @type {BenchReport} */
  const report = await reportOf({
    chromium: environment.chromium,
    address: `/bench/?run=${plan}&only=${encodeURIComponent(only ?? '.')}`,
    global: 'benchReport',
    topic: 'bench',
    timeout: TIMEOUT_MS,
    headed: process.argv.includes('--headed'),
  });
  const results = join(root, 'bench', 'results');
  mkdirSync(results, { recursive: true });
  const name = whole ? 'latest' : 'part';
  const json = JSON.stringify({ machine: here, ...report }, null, 2);
  writeFileSync(join(results, `${name}.json`), `${json}\n`);
  const { processor, cores, memoryGiB, system, loadBefore } = here;
  const about = `headless; ${processor}, ${cores} cores, ${memoryGiB} GiB, ${system}; load before: ${loadBefore.join(', ')}`;
  writeFileSync(join(results, `${name}.md`), markdown(report, { machine: about }));
  console.log(`\n${table(tableRows(report))}\n`);
  if (report.failures.length > 0) console.log(`${table(failureRows(report))}\n`);
  if (report.targets.length > 0) console.log(`${table(targetRows(report))}\n`);
  say('bench', `bench/results/${name}.md and ${name}.json have this with all that belongs to it`);
  if (recording) {
    const load = `${processor}, ${cores} cores; load before: ${loadBefore[0]}`;
    const about = `Medians of one run on ${report.started.slice(0, 10)}: ${report.browser}, ${load}.`;
    const end = '<!-- end of bench -->';
    const readme = markdownTable(summaryRows(report), /sharedwal|official/);
    record('README.md', '<!-- bench:', end, [...readme, '', about]);
    const targets = markdownTable(targetRows(report), NUMBERS);
    record('docs/performance.md', '<!-- bench:', end, [...targets, '', about]);
  }
  const own = report.failures.find(({ contender }) => contender === 'sharedwal');
  if (own) throw new Stop(`${own.workload} of sharedwal failed: ${own.message}`);
});
