// `npm run bench`: sharedwal and its rivals in Chromium; the results as a table on this terminal
// and in bench/results/.
//
//   npm run bench -- --quick            in about a minute, without those that keep their data in files
//   npm run bench -- --only=point       the workloads whose names match
//   npm run bench -- --headed           with a window
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, totalmem } from 'node:os';
import { join } from 'node:path';
import { tableRows, targetRows } from '../bench/table.js';
import { build } from './build.mjs';
import { reportOf } from './page.mjs';
import { root } from './setup/paths.mjs';
import { main, say } from './setup/report.mjs';
import { setup } from './setup.mjs';
import { table } from './table.mjs';

/** @typedef {import('../bench/benchmark.js').BenchReport} BenchReport */
/** @typedef {ReturnType<typeof machine>} Machine */

const TIMEOUT_MS = 60 * 60_000;

/** This machine; its load shows whether anything else was running. */
function machine() {
  const [first, ...others] = cpus();
  return {
    processor: first?.model.trim() ?? 'unknown',
    cores: others.length + 1,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    system: `${process.platform} ${process.arch}`,
    loadBefore: loadavg().map((load) => Number(load.toFixed(2))),
  };
}

/** @param {Record<string, string>[]} rows */
function markdownTable(rows) {
  const columns = Object.keys(rows[0] ?? {});
  const line = (/** @type {string[]} */ cells) => `| ${cells.join(' | ')} |`;
  return [
    line(columns),
    line(columns.map((name) => (/median|range|ratio|reached/.test(name) ? '--:' : '---'))),
    ...rows.map((row) => line(Object.values(row))),
  ];
}

/**
 * @param {BenchReport} report
 * @param {Machine} machine
 */
function markdown(report, machine) {
  const { plan } = report;
  const smaller = report.workloads.filter(({ cachePages }) => cachePages < 1000);
  return [
    '# Benchmark',
    '',
    'Medians; more is better unless it says otherwise. A ratio says how many times as good a median is',
    'as another one of this run.',
    '',
    ...markdownTable(tableRows(report)),
    '',
    '## Targets',
    '',
    ...markdownTable(targetRows(report)),
    '',
    `- ${report.started}, ${plan.repetitions} repetitions of ${plan.milliseconds} ms, contenders in turns, fresh workers and a fresh database each time`,
    `- ${report.browser}, headless; ${machine.processor}, ${machine.cores} cores, ${machine.memoryGiB} GiB, ${machine.system}; load before: ${machine.loadBefore.join(', ')}`,
    `- pages of ${report.pageBytes} bytes; page caches of ${report.workloads[0]?.cachePages} pages${smaller.map(({ title, cachePages }) => `, ${cachePages} in "${title}"`).join('')}`,
    ...report.contenders.map(
      ({ title, about, package: name, version, sqlite, pragmas }) =>
        `- ${title}: ${about} (${name} ${version}, SQLite ${sqlite}; ${Object.entries(pragmas)
          .map(([pragma, value]) => `${pragma} ${value}`)
          .join(', ')})`,
    ),
    '',
  ].join('\n');
}

await main(import.meta.url, async () => {
  const environment = await setup({ driver: false });
  await build(environment);
  const here = machine();
  const plan = process.argv.includes('--quick') ? 'quick' : 'full';
  const only = process.argv.find((argument) => argument.startsWith('--only='))?.slice(7) ?? '.';
  /** @type {BenchReport} */
  const report = await reportOf({
    chromium: environment.chromium,
    address: `/bench/?run=${plan}&only=${encodeURIComponent(only)}`,
    global: 'benchReport',
    topic: 'bench',
    timeout: TIMEOUT_MS,
    headed: process.argv.includes('--headed'),
  });
  const results = join(root, 'bench', 'results');
  mkdirSync(results, { recursive: true });
  const json = JSON.stringify({ machine: here, ...report }, null, 2);
  writeFileSync(join(results, 'latest.json'), `${json}\n`);
  writeFileSync(join(results, 'latest.md'), markdown(report, here));
  console.log(`\n${table(tableRows(report))}\n`);
  if (report.targets.length > 0) console.log(`${table(targetRows(report))}\n`);
  say('bench', 'bench/results/latest.md and latest.json have this with all that belongs to it');
});
