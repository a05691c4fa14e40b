// @ts-check
// What came of a run, as elements.
import { h } from '../view/dom.js';
import { count } from '../view/format.js';
import { grid } from './grid.js';
import { planTree } from './plan.js';

/** @typedef {import('./worker.js').Outcome} Outcome */

/** @param {readonly Outcome[]} outcomes */
export function results(outcomes) {
  return outcomes.map((outcome, i) =>
    h(
      'article',
      { class: `outcome ${outcome.kind}`, 'aria-label': `Statement ${i + 1}` },
      h(
        'header',
        {},
        h('code', { class: 'sql', title: outcome.sql }, firstLine(outcome.sql)),
        h('span', { class: 'summary' }, summary(outcome)),
      ),
      ...body(outcome),
    ),
  );
}

/** @param {Outcome} outcome */
export function summary(outcome) {
  return `${what(outcome)} in ${milliseconds(outcome.ms)}`;
}

/** @param {Outcome} outcome */
function what(outcome) {
  switch (outcome.kind) {
    case 'rows':
      return `${outcome.more ? 'the first ' : ''}${rows(outcome.rows.length)}`;
    case 'plan':
      return 'plan';
    case 'error':
      return outcome.code === '' ? 'failed' : outcome.code;
    default:
      return outcome.changes === undefined ? 'done' : `${rows(outcome.changes)} changed`;
  }
}

/** @param {Outcome} outcome */
function body(outcome) {
  switch (outcome.kind) {
    case 'rows': {
      const note = `These are the first ${count(outcome.rows.length)} rows; reading ended there. Ask for less with LIMIT, or for sums.`;
      if (outcome.rows.length === 0) return [];
      return [
        ...(outcome.more ? [h('p', { class: 'notice' }, note)] : []),
        grid(outcome, `Result of ${firstLine(outcome.sql)}`),
      ];
    }
    case 'plan':
      return [planTree(outcome.steps)];
    case 'error':
      return [
        h('p', { class: 'notice bad-notice' }, h('code', {}, outcome.code), ' ', outcome.message),
      ];
    default:
      return [];
  }
}

/** @param {number} number */
function rows(number) {
  return number === 1 ? '1 row' : `${count(number)} rows`;
}

/** @param {number} ms */
export function milliseconds(ms) {
  if (ms < 10) return `${ms.toFixed(2)} ms`;
  return ms < 1000 ? `${ms.toFixed(1)} ms` : `${(ms / 1000).toFixed(2)} s`;
}

/** The first line that says something. @param {string} sql */
export function firstLine(sql) {
  const lines = sql.split('\n').map((line) => line.trim());
  const line = lines.find((one) => one !== '' && !one.startsWith('--')) ?? lines[0] ?? '';
  return line.length > 100 ? `${line.slice(0, 100)}…` : line;
}
