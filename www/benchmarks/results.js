// @ts-check
// What a run measured: charts while it runs, and a table to be copied when it is done.
import { workloadCharts } from '../../bench/chart.js';
import { contenders } from '../../bench/contenders/all.js';
import { markdown, NUMBERS } from '../../bench/markdown.js';
import { failureRows, tableRows, targetRows } from '../../bench/table.js';
import { h } from '../view/dom.js';

/** @param {string} name */
const titleOf = (name) => contenders.find((one) => one.name === name)?.title ?? name;

/** @param {import('../../bench/benchmark.js').BenchReport} report */
function failures(report) {
  const rows = failureRows(report);
  if (rows.length === 0) return [];
  const texts = rows.map(
    (row) => `${row.workload}, ${row.contender}, ${row.repetition}: ${row['what failed']}`,
  );
  return [
    h('p', {}, 'Trials that do not count:'),
    h('ul', {}, ...texts.map((text) => h('li', {}, text))),
  ];
}

/** @param {Record<string, string>[]} rows */
function table(rows) {
  const columns = Object.keys(rows[0] ?? {});
  const kind = (/** @type {string} */ name) => (NUMBERS.test(name) ? 'number' : '');
  return h(
    'table',
    {},
    h(
      'thead',
      {},
      h('tr', {}, ...columns.map((name) => h('th', { scope: 'col', class: kind(name) }, name))),
    ),
    h(
      'tbody',
      {},
      ...rows.map((row) =>
        h(
          'tr',
          {},
          ...Object.entries(row).map(([name, text]) => h('td', { class: kind(name) }, text)),
        ),
      ),
    ),
  );
}

/** @param {import('../../bench/benchmark.js').BenchReport} report */
function targets(report) {
  const rows = targetRows(report);
  return rows.length === 0
    ? []
    : [h('h3', {}, 'What sharedwal aims at, on two cores'), table(rows)];
}

export function results() {
  const charts = h('div');
  const copied = h('span', { role: 'status', class: 'faint' });
  const text = h('textarea', { readonly: true, rows: 12, 'aria-label': 'The results as Markdown' });
  const copy = h('button', {
    type: 'button',
    async click() {
      try {
        await navigator.clipboard.writeText(text.value);
        copied.textContent = 'Copied.';
      } catch {
        text.closest('details')?.setAttribute('open', '');
        text.select();
        copied.textContent = 'Not allowed here: the text is selected, copy it yourself.';
      }
    },
  });
  copy.textContent = 'Copy as Markdown';
  const scroll = h('div', {
    ...{ class: 'scroll', tabindex: 0, role: 'region', 'aria-label': 'All figures' },
  });
  const final = h(
    'div',
    { hidden: true },
    h(
      'div',
      { class: 'bar' },
      h('h3', {}, 'In figures'),
      h('div', { class: 'copy' }, copied, copy),
    ),
    scroll,
    h('details', {}, h('summary', {}, 'As Markdown'), text),
  );
  const element = h(
    'section',
    { class: 'card', hidden: true, 'aria-label': 'Results' },
    charts,
    final,
  );
  return {
    element,
    /** @param {import('../../bench/benchmark.js').WorkloadResult[]} workloads */
    draw(workloads) {
      charts.replaceChildren(...workloadCharts(workloads, titleOf));
      element.hidden = charts.childElementCount === 0;
    },
    clear() {
      charts.replaceChildren();
      copied.textContent = '';
      final.hidden = true;
      element.hidden = true;
    },
    /** @param {import('../../bench/benchmark.js').BenchReport} report */
    finish(report) {
      scroll.replaceChildren(table(tableRows(report)), ...failures(report), ...targets(report));
      text.value = markdown(report, { machine: `${report.cores} logical processors` });
      final.hidden = false;
      element.hidden = false;
    },
  };
}
