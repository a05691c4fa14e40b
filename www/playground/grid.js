// @ts-check
// A table of any number of rows: those that are in sight are elements, the others are empty space.
import { h } from '../view/dom.js';
import { cellText, cellType, wholeText } from './values.js';

/** @typedef {import('./worker.js').Rows} Rows */

/** As in style.css. */
const ROW_PX = 28;
const MARGIN_ROWS = 20;
const MAX_CHARACTERS = 48;
const PADDING_CHARACTERS = 4;
/** Rows whose widths count for the columns'. */
const MEASURED_ROWS = 500;

/**
 * @param {Rows} result
 * @param {string} label
 */
export function grid({ columns, rows }, label) {
  const types = columns.map(({ type }, i) => type ?? commonType(rows, i));
  const numeric = columns.map((_, i) => isNumeric(rows, i));
  const head = h(
    'tr',
    { 'aria-rowindex': 1 },
    h('th', { scope: 'col', class: 'number' }, h('span', { class: 'visually-hidden' }, 'Row')),
    ...columns.map(({ name }, i) =>
      h(
        'th',
        { scope: 'col', class: numeric[i] ? 'number' : '' },
        h('span', { class: 'name' }, name),
        h('span', { class: 'type' }, types[i] ?? ''),
      ),
    ),
  );
  const widths = [
    String(rows.length).length,
    ...columns.map(({ name }, i) => width(rows, i, Math.max(name.length, types[i]?.length ?? 0))),
  ].map((characters) => characters + PADDING_CHARACTERS);
  const body = h('tbody');
  const table = h(
    'table',
    {
      ...{ 'aria-label': label, 'aria-rowcount': rows.length + 1 },
      style: `width: ${widths.reduce((sum, characters) => sum + characters)}ch`,
    },
    h('colgroup', {}, ...widths.map((characters) => h('col', { style: `width: ${characters}ch` }))),
    h('thead', {}, head),
    body,
  );
  const scroller = h(
    'div',
    { class: 'grid', tabindex: 0, role: 'region', 'aria-label': label },
    table,
  );

  let from = -1;
  const draw = () => {
    const first = Math.floor(scroller.scrollTop / ROW_PX) - MARGIN_ROWS;
    const inSight = Math.ceil(scroller.clientHeight / ROW_PX) + 2 * MARGIN_ROWS;
    const begin = Math.max(0, Math.min(first, rows.length - inSight));
    if (begin === from) return;
    from = begin;
    const end = Math.min(begin + inSight, rows.length);
    const shown = rows.slice(begin, end).map((values, i) => row(begin + i, values, numeric));
    body.replaceChildren(space(begin), ...shown, space(rows.length - end));
  };
  scroller.addEventListener('scroll', draw, { passive: true });
  // Its height is known when it is on the page, and changes with the window.
  new ResizeObserver(() => {
    from = -1;
    draw();
  }).observe(scroller);
  draw();
  return scroller;
}

/**
 * @param {number} index
 * @param {Rows['rows'][0]} values
 * @param {readonly boolean[]} numeric
 */
function row(index, values, numeric) {
  return h(
    'tr',
    { 'aria-rowindex': index + 2 },
    h('th', { scope: 'row', class: 'number' }, `${index + 1}`),
    ...values.map((value, i) => {
      const [text, whole] = [cellText(value), wholeText(value)];
      const kind = value === null ? 'null' : value instanceof Uint8Array ? 'blob' : '';
      const attributes = { class: `${kind}${numeric[i] ? ' number' : ''}` };
      return h(
        'td',
        whole.length > MAX_CHARACTERS || whole !== text
          ? { ...attributes, title: whole }
          : attributes,
        text,
      );
    }),
  );
}

/** @param {number} rows */
function space(rows) {
  return h('tr', { 'aria-hidden': 'true', class: 'space', style: `height: ${rows * ROW_PX}px` });
}

/**
 * The type of an expression's values, since none is declared.
 *
 * @param {Rows['rows']} rows
 * @param {number} column
 */
function commonType(rows, column) {
  const types = new Set(rows.map((values) => cellType(values[column] ?? null)));
  types.delete('NULL');
  return [...types].join(' or ');
}

/**
 * @param {Rows['rows']} rows
 * @param {number} column
 */
function isNumeric(rows, column) {
  const types = new Set(rows.map((values) => cellType(values[column] ?? null)));
  types.delete('NULL');
  return types.size > 0 && [...types].every((type) => type === 'INTEGER' || type === 'REAL');
}

/**
 * @param {Rows['rows']} rows
 * @param {number} column
 * @param {number} least
 */
function width(rows, column, least) {
  const lengths = rows
    .slice(0, MEASURED_ROWS)
    .map((values) => cellText(values[column] ?? null).length);
  return Math.min(Math.max(least, ...lengths), MAX_CHARACTERS);
}
