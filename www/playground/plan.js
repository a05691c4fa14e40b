// @ts-check
import { h } from '../view/dom.js';

/** @typedef {import('./worker.js').PlanStep} PlanStep */

/**
 * The steps of EXPLAIN QUERY PLAN as a tree of lists.
 *
 * @param {readonly PlanStep[]} steps
 */
export function planTree(steps) {
  if (steps.length === 0) return h('p', { class: 'faint' }, 'No plan: it reads no table.');
  return h(
    'div',
    { class: 'tree', tabindex: 0, role: 'region', 'aria-label': 'Query plan' },
    list(steps, 0),
  );
}

/**
 * @param {readonly PlanStep[]} steps
 * @param {number} parent
 * @returns {HTMLUListElement}
 */
function list(steps, parent) {
  return h(
    'ul',
    {},
    ...steps
      .filter((step) => step.parent === parent)
      .map(({ id, detail }) => {
        const inner = list(steps, id);
        return h('li', {}, description(detail), ...(inner.childElementCount > 0 ? [inner] : []));
      }),
  );
}

/** What it does stands out, and where it goes through a whole table without an index. @param {string} detail */
function description(detail) {
  const [, verb = '', rest = detail] = /^((?:[A-Z]+(?:-[A-Z]+)? ?)+)\b(.*)$/.exec(detail) ?? [];
  const whole = /^SCAN \S+$/.test(detail);
  return h(
    'span',
    {},
    h('strong', { class: whole ? 'scan' : '' }, verb),
    rest,
    whole ? h('span', { class: 'faint' }, ' (every row)') : '',
  );
}
