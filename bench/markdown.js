// @ts-check
// The results as Markdown: for the file, and for who copies them.
import { failureRows, rounded, tableRows, targetRows } from './table.js';

/** Columns of {@link tableRows} and {@link targetRows} that are numbers. */
export const NUMBERS = /median|range|ratio|wanted|reached|in one repetition/;

/**
 * @param {Record<string, string>[]} rows
 * @param {RegExp} numbers columns to be aligned at their right
 * @returns {string[]} lines
 */
export function markdownTable(rows, numbers) {
  const columns = Object.keys(rows[0] ?? {});
  const line = (/** @type {string[]} */ cells) =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [
    line(columns),
    line(columns.map((name) => (numbers.test(name) ? '--:' : '---'))),
    ...rows.map((row) => line(Object.values(row))),
  ];
}

/** @param {import('./benchmark.js').ContenderResult} contender */
const wasOpened = ({ sqlite }) => sqlite !== '';

/**
 * @param {import('./benchmark.js').BenchReport} report
 * @param {object} given
 * @param {string} given.machine what it ran on, as a sentence without its end
 */
export function markdown(report, { machine }) {
  const { plan } = report;
  const smaller = report.workloads.filter(({ cachePages }) => cachePages < 1000);
  return [
    '# Benchmark',
    '',
    'Medians; more is better unless it says otherwise. A ratio says how many times as good a median is',
    'as another one of this run.',
    `The clock has steps of ${rounded(report.clockMs)} ms; what takes less than ten of them is not compared.`,
    '',
    ...markdownTable(tableRows(report), NUMBERS),
    '',
    ...(report.failures.length > 0
      ? ['Trials that do not count:', '', ...markdownTable(failureRows(report), NUMBERS), '']
      : []),
    ...(report.targets.length > 0
      ? ['## Targets', '', ...markdownTable(targetRows(report), NUMBERS), '']
      : []),
    `- ${report.started}, ${plan.repetitions} repetitions of ${plan.milliseconds} ms (a warm-up before, which does not count; what is opened, once; memory, once), contenders in turns, fresh workers and a fresh database each time`,
    `- ${report.browser}, ${machine}`,
    `- pages of ${report.pageBytes} bytes; page caches of ${report.workloads[0]?.cachePages} pages${smaller.map(({ title, cachePages }) => `, ${cachePages} in "${title}"`).join('')}`,
    ...report.contenders.filter(wasOpened).map(
      ({ title, about, package: name, version, sqlite, pragmas }) =>
        `- ${title}: ${about} (${name} ${version}, SQLite ${sqlite}; ${Object.entries(pragmas)
          .map(([pragma, value]) => `${pragma} ${value}`)
          .join(', ')})`,
    ),
    '',
  ].join('\n');
}
