// @ts-check
// A figure over the last minute, as a line with its area.
import { h } from '../../view/dom.js';
import { KEPT_MS } from '../sampler.js';
import { svg, write } from './svg.js';

const WIDTH = 600;
const HEIGHT = 120;
/** The label that others hear need not change more often. */
const LABEL_MS = 2000;

/** The next of 1, 2, 5, 10, 20, 50, … @param {number} value */
function roundedUp(value) {
  const power = 10 ** Math.floor(Math.log10(Math.max(value, 1)));
  return power * ([1, 2, 5, 10].find((factor) => factor * power >= value) ?? 10);
}

/**
 * @typedef {{ at: number, value: number }} Point
 * @typedef {object} Chart
 * @property {string} title
 * @property {(value: number) => string} format
 * @property {string} kind the class of its colours
 * @property {string} [marks] what the marks along the axis are
 * @property {number} [markHeight] as a share of the chart's
 */

/** @param {Chart} chart */
export function timeChart({ title, format, kind, marks = 'kills', markHeight = 1 }) {
  const area = svg('path', { class: 'area' });
  const line = svg('path', { class: 'line' });
  const marked = svg('path', { class: 'marks' });
  const picture = svg(
    'svg',
    { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: 'none', role: 'img' },
    svg('path', { class: 'grid', d: `M0 0.5H${WIDTH}M0 ${HEIGHT / 2}H${WIDTH}` }),
    ...[area, line, marked],
  );
  const now = h('strong', { class: 'now' });
  const [highest, middle] = [h('span'), h('span')];
  const element = h(
    'figure',
    { class: `time-chart ${kind}` },
    h('figcaption', {}, h('span', {}, title), now),
    h(
      'div',
      { class: 'plot' },
      h('div', { class: 'axis', 'aria-hidden': 'true' }, highest, middle, h('span', {}, '0')),
      picture,
    ),
    h(
      'div',
      { class: 'times', 'aria-hidden': 'true' },
      h('span', {}, '60 s ago'),
      h('span', {}, 'now'),
    ),
  );
  let labelled = Number.NEGATIVE_INFINITY;

  return {
    element,
    /**
     * @param {number} at
     * @param {Point[]} points
     * @param {number[]} moments to be marked
     */
    draw(at, points, moments) {
      const values = points.map(({ value }) => value);
      const last = values.at(-1) ?? 0;
      const end = roundedUp(Math.max(...values, 1));
      const x = (/** @type {number} */ time) =>
        (WIDTH - ((at - time) / KEPT_MS) * WIDTH).toFixed(1);
      const y = (/** @type {number} */ value) => (HEIGHT - (value / end) * (HEIGHT - 2)).toFixed(1);
      const path = points.map(({ at, value }) => `${x(at)} ${y(value)}`).join('L');
      line.setAttribute('d', path && `M${path}`);
      const [from, to] = [x(points[0]?.at ?? at), x(points.at(-1)?.at ?? at)];
      area.setAttribute('d', path && `M${from} ${HEIGHT}L${path}L${to} ${HEIGHT}z`);
      const shown = moments.filter((one) => one > at - KEPT_MS);
      marked.setAttribute(
        'd',
        shown.map((one) => `M${x(one)} ${HEIGHT}v${-HEIGHT * markHeight}`).join(''),
      );
      write(now, format(last));
      write(highest, format(end));
      write(middle, format(end / 2));
      if (at - labelled < LABEL_MS) return;
      labelled = at;
      const range = `lowest ${format(Math.min(...values))}, highest ${format(Math.max(...values))}`;
      const others = shown.length > 0 ? `; ${marks}: ${shown.length}` : '';
      const text = `${title}: now ${format(last)}; in the last minute ${range}${others}`;
      picture.setAttribute('aria-label', text);
    },
  };
}
