// @ts-check
// How many workers there are, how fast they go, and whether the picture stands still.
import { h } from '../../view/dom.js';

/** @typedef {import('../population.js').Role} Role */

export const USUAL = { reader: 3, writer: 2, pauseMs: 1 };
const MOST = { reader: 8, writer: 6 };
const PAUSES = [0, 1, 2, 5, 20, 100];

/**
 * @param {Role} role
 * @param {(count: number) => void} onChange
 */
function slider(role, onChange) {
  const id = `${role}s`;
  const shown = h('output', { for: id }, String(USUAL[role]));
  const input = h('input', {
    ...{ type: 'range', id, min: 0, max: MOST[role], step: 1, value: USUAL[role] },
    input: () => {
      shown.textContent = input.value;
      onChange(Number(input.value));
    },
  });
  const title = role === 'reader' ? 'Readers' : 'Writers';
  return h('div', { class: 'slider' }, h('label', { for: id }, title), input, shown);
}

/**
 * @param {object} actions
 * @param {(role: Role, count: number) => void} actions.want
 * @param {(ms: number) => void} actions.pause
 * @param {(frozen: boolean) => void} actions.freeze
 */
export function controls({ want, pause, freeze }) {
  const pauses = h(
    'select',
    { id: 'pause', change: () => pause(Number(pauses.value)) },
    ...PAUSES.map((ms) =>
      h(
        'option',
        { value: ms, selected: ms === USUAL.pauseMs },
        ms === 0 ? 'none: full speed' : `${ms} ms`,
      ),
    ),
  );
  const freezing = h('button', {
    type: 'button',
    'aria-pressed': 'false',
    click: () => {
      const frozen = freezing.getAttribute('aria-pressed') !== 'true';
      freezing.setAttribute('aria-pressed', String(frozen));
      freeze(frozen);
    },
  });
  freezing.textContent = 'Freeze the picture';
  return h(
    'div',
    { class: 'controls', role: 'group', 'aria-label': 'Workers' },
    .../** @type {const} */ (['reader', 'writer']).map((role) =>
      slider(role, (count) => want(role, count)),
    ),
    h(
      'div',
      { class: 'pauses' },
      h('label', { for: 'pause' }, 'Pause between transactions'),
      pauses,
    ),
    freezing,
  );
}
