// `npm run bench:growth`: how cost grows with the number of connections, the size of the database and the
// length of the log, in Chromium; the results as tables on this terminal and in bench/results/growth.md.
//
//   npm run bench:growth                   all of it
//   npm run bench:growth -- --quick        fewer points
//   npm run bench:growth -- --only=log     the axes whose names match: connections, size, log
//   npm run bench:growth -- --record       writes them into docs/performance.md as well
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { WORSE_THAN_LINEAR, worseThanLinear } from '../bench/growth/growth.js';
import { markdownTable } from '../bench/markdown.js';
import { rounded } from '../bench/table.js';
import { build } from './build.mjs';
import { machine } from './machine.mjs';
import { reportOf } from './page.mjs';
import { record } from './record.mjs';
import { root } from './setup/paths.mjs';
import { main, Stop, say } from './setup/report.mjs';
import { setup } from './setup.mjs';
import { table } from './table.mjs';

/** @typedef {import('../bench/growth/growth.js').AxisReport} AxisReport */
/** @typedef {import('../bench/growth/page.js').GrowthReport} GrowthReport */

const TIMEOUT_MS = 60 * 60_000;

/** @param {AxisReport} axis @returns {Record<string, string>[]} */
function rowsOf({ title, unit: of, points, parts }) {
  return parts.map((part) => ({
    [title]: part.title,
    ...Object.fromEntries(
      points.map((at, i) => [`${rounded(at)} ${of}`, rounded(part.costs[i] ?? NaN)]),
    ),
    unit: part.unit,
    'last/first': part.ratio.toFixed(2),
    exponent: part.exponent.toFixed(2),
    steepest: part.steepest.toFixed(2),
  }));
}

/** @param {AxisReport[]} axes */
function findings(axes) {
  const found = axes.flatMap((axis) =>
    worseThanLinear(axis).map(
      ({ title, exponent }) =>
        `Worse than linear: ${title} (${axis.title}): ${exponent.toFixed(2)}`,
    ),
  );
  return found.length > 0
    ? found
    : [`No part is worse than linear (exponents up to ${WORSE_THAN_LINEAR}).`];
}

/** Columns of {@link rowsOf} that are numbers: all but the part's title and its unit. */
const NUMBERS = /^[\d,.]+ |^last|^exponent$|^steepest$/;

await main(import.meta.url, async () => {
  const environment = await setup({ driver: false });
  await build(environment);
  const { processor, cores, memoryGiB, loadBefore } = machine();
  const plan = process.argv.includes('--quick') ? 'quick' : 'full';
  const only = process.argv.find((argument) => argument.startsWith('--only='))?.slice(7) ?? '.';
  /** @type {GrowthReport} */
  const report = await reportOf({
    chromium: environment.chromium,
    address: `/bench/growth/?run=${plan}&only=${encodeURIComponent(only)}`,
    global: 'growthReport',
    topic: 'growth',
    timeout: TIMEOUT_MS,
  });
  const load = loadBefore.map((one) => one.toFixed(1)).join(', ');
  const about = `${processor}, ${cores} cores, ${memoryGiB} GiB`;
  const lines = [
    ...report.axes.flatMap((axis) => [...markdownTable(rowsOf(axis), NUMBERS), '']),
    ...findings(report.axes),
    `${report.started.slice(0, 10)}, ${report.browser}, ${about}; load before: ${load}.`,
  ];
  const results = join(root, 'bench', 'results');
  mkdirSync(results, { recursive: true });
  writeFileSync(join(results, 'growth.json'), `${JSON.stringify(report, null, 2)}\n`);
  writeFileSync(join(results, 'growth.md'), `# How cost grows\n\n${lines.join('\n')}\n`);
  if (process.argv.includes('--record')) {
    record('docs/performance.md', '<!-- growth:', '<!-- end of growth -->', lines);
  }
  for (const axis of report.axes) console.log(`\n${table(rowsOf(axis))}`);
  for (const finding of findings(report.axes)) say('growth', finding);
  say('growth', 'bench/results/growth.md has this');
  const worse = report.axes.some((axis) => worseThanLinear(axis).length > 0);
  if (worse) throw new Stop('A part grows worse than in proportion.');
});
