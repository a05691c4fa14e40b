// @ts-check
// The controls for killing a writer, and what came of it.
import { h } from '../../view/dom.js';
import { disable } from '../../view/focus.js';
import { duration } from './format.js';
import { account, COLUMNS, recoveryPicture, row, sentence } from './recovery_picture.js';
import { LEGEND } from './strip.js';
import { write } from './svg.js';

/**
 * @typedef {import('../recovery.js').Recovery} Recovery
 * @typedef {import('../recovery.js').How} How
 * @typedef {import('../recovery.js').Middle} Middle
 */

/** Kills that stay in the list. */
const LISTED = 12;

/**
 * @param {string} name
 * @param {string} legend
 * @param {[string, string][]} choices values and their labels, the usual one first
 */
function choice(name, legend, choices) {
  return h(
    'fieldset',
    {},
    h('legend', {}, legend),
    ...choices.map(([value, label], index) =>
      h(
        'label',
        {},
        h('input', { type: 'radio', name, value, checked: index === 0 }),
        h('span', {}, label),
      ),
    ),
  );
}

/** @param {HTMLFieldSetElement} fieldset */
function chosen(fieldset) {
  return /** @type {HTMLInputElement} */ (fieldset.querySelector('input:checked')).value;
}

/** @param {() => void} onKill */
export function killPanel(onKill) {
  const middle = choice('kill-middle', 'While it', [
    ['hold', 'waits, its transaction open'],
    ['compute', 'is busy in a statement'],
  ]);
  const how = choice('kill-how', 'By', [
    ['plain', 'worker.terminate()'],
    ['asked', 'terminate(runtime, worker) of sharedwal'],
  ]);
  const button = h('button', { type: 'button', class: 'primary', click: onKill }, 'Kill a writer');
  const status = h('p', { role: 'status', class: 'kill-status' }, 'Nobody was killed yet.');
  const tiles = h('dl', { class: 'tiles' });
  const verdict = h('p');
  const figure = h('figure');
  const list = h('tbody');
  const columns = [
    ...['Worker', 'By', 'While it was'].map((title) => h('th', { scope: 'col' }, title)),
    ...COLUMNS.map((title) => h('th', { scope: 'col', class: 'number' }, title)),
    h('th', { scope: 'col' }, 'Its commits'),
  ];
  const kept = h(
    'details',
    { hidden: true },
    h('summary', {}, 'All kills, in figures'),
    h(
      'div',
      { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': 'All kills' },
      h('table', {}, h('thead', {}, h('tr', {}, ...columns)), list),
    ),
  );
  const result = h('div', { hidden: true }, tiles, figure, verdict, kept);
  const element = h(
    'section',
    { class: 'card kill', 'aria-labelledby': 'kill-title' },
    h('h3', { id: 'kill-title' }, 'Kill a writer in mid-transaction'),
    h('div', { class: 'kill-controls' }, middle, how, button),
    status,
    result,
    h(
      'p',
      { class: 'faint measured' },
      'Measured on one clock from the call that kills it. A worker that waits ends at once; one that is busy lives on ' +
        'after worker.terminate(), in Chromium for 2 s, and its locks are its own until the browser has really ended it. ' +
        'sharedwal’s terminate() asks it to roll back first.',
    ),
  );

  return {
    element,
    choice: () => ({
      how: /** @type {How} */ (chosen(how)),
      middle: /** @type {Middle} */ (chosen(middle)),
    }),
    /** @param {boolean} possible */
    enable(possible) {
      disable(button, !possible);
    },
    /** @param {string} text */
    say: (text) => write(status, text),
    /** @param {Recovery} recovery */
    show(recovery) {
      const { commitMs, commitBy, freedMs, reapedMs, endedMs, whole } = recovery;
      write(status, sentence(recovery));
      tiles.replaceChildren(
        ...[
          ['Next commit', duration(commitMs), commitBy && `of ${commitBy}`],
          ['WRITE was seen free', duration(freedMs), ''],
          ['Its slot was seen free', duration(reapedMs), ''],
          ['The browser had ended it', duration(endedMs), ''],
        ].map(([title = '', figure = '', note = '']) =>
          h(
            'div',
            {},
            h('dt', {}, title),
            h('dd', {}, figure, ...(note ? [h('small', {}, ` ${note}`)] : [])),
          ),
        ),
      );
      figure.replaceChildren(recoveryPicture(recovery), caption());
      write(verdict, account(recovery));
      verdict.className = whole ? 'good' : 'bad';
      list.prepend(row(recovery));
      while (list.childElementCount > LISTED) list.lastElementChild?.remove();
      kept.hidden = false;
      result.hidden = false;
    },
  };
}

function caption() {
  return h('figcaption', {}, legend(), 'Between the lines nobody can commit; who reads goes on.');
}

export function legend() {
  return h(
    'span',
    { class: 'legend' },
    ...LEGEND.map(([kind = '', text = '']) =>
      h('span', {}, h('i', { class: kind, 'aria-hidden': 'true' }), text),
    ),
  );
}
