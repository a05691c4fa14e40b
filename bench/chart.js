// @ts-check
// The figures of one measure as bars, contenders side by side: the median, with a line from the lowest
// to the highest.
import { rounded } from './table.js';

/** @typedef {import('./benchmark.js').MeasureResult} MeasureResult */

const SVG = 'http://www.w3.org/2000/svg';

/**
 * @param {string} tag
 * @param {Record<string, string | number>} attributes
 */
function svg(tag, attributes) {
  const made = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, String(value));
  return made;
}

/**
 * @param {string} tag
 * @param {string} name of its class
 * @param {string} [text]
 */
function html(tag, name, text = '') {
  return Object.assign(document.createElement(tag), { className: name, textContent: text });
}

/**
 * @param {MeasureResult} measure
 * @param {(contender: string) => string} titleOf
 * @param {string} [ours] the contender that is set off
 */
export function measureChart({ title, unit, lessIsBetter, figures }, titleOf, ours = 'sharedwal') {
  const all = Object.entries(figures);
  const end = Math.max(...all.map(([, { max }]) => max), Number.MIN_VALUE);
  const percent = (/** @type {number} */ value) => `${((value / end) * 100).toFixed(2)}%`;
  const better = lessIsBetter ? 'less is better' : 'more is better';
  const name = [title, [unit, better].filter(Boolean).join(', ')].filter(Boolean).join(': ');

  const bars = html('div', 'bars');
  const told = [];
  for (const [contender, { median, min, max }] of all) {
    const range = min === max ? '' : `${rounded(min)} to ${rounded(max)}`;
    told.push(`${titleOf(contender)} ${rounded(median)}${range && ` (${range})`}`);
    const bar = svg('svg', { class: 'bar-line', 'aria-hidden': 'true' });
    bar.append(
      svg('rect', { x: 0, y: '15%', height: '70%', width: percent(median), class: 'median' }),
      ...(range
        ? [
            svg('line', { x1: percent(min), x2: percent(max), y1: '50%', y2: '50%' }),
            svg('line', { x1: percent(min), x2: percent(min), y1: '30%', y2: '70%' }),
            svg('line', { x1: percent(max), x2: percent(max), y1: '30%', y2: '70%' }),
          ]
        : []),
    );
    const row = html('div', contender === ours ? 'bar-row ours' : 'bar-row');
    row.append(html('span', 'contender', titleOf(contender)), bar);
    row.append(html('span', 'figure', rounded(median)));
    bars.append(row);
  }
  bars.setAttribute('role', 'img');
  bars.setAttribute('aria-label', `${name}. ${told.join('; ')}`);
  const figure = html('figure', 'measure');
  figure.append(html('figcaption', '', name), bars);
  return figure;
}

/**
 * A chart for each measure that has figures, under the titles of their workloads.
 *
 * @param {import('./benchmark.js').WorkloadResult[]} workloads
 * @param {(contender: string) => string} titleOf
 */
export function workloadCharts(workloads, titleOf) {
  return workloads.flatMap(({ name, title, measures }) => {
    const measured = measures.filter(({ figures }) => Object.keys(figures).length > 0);
    if (measured.length === 0) return [];
    const section = html('section', 'workload');
    section.dataset.workload = name;
    section.append(html('h3', '', title));
    for (const measure of measured) section.append(measureChart(measure, titleOf));
    return [section];
  });
}
