// @ts-check
// The form in which a visitor chooses what is measured.
import { workloads } from '../../bench/workloads/all.js';
import { h } from '../view/dom.js';
import { ESSENTIAL, LENGTHS, USUAL_LENGTH } from './plans.js';

/**
 * @param {string} name
 * @param {string} value
 * @param {string} title
 * @param {{ checked: boolean, disabled?: boolean, note?: string }} state
 */
function checkbox(name, value, title, { checked, disabled = false, note = '' }) {
  return h(
    'label',
    { class: 'check' },
    h('input', { type: 'checkbox', name, value, checked, disabled }),
    h('span', {}, title, ...(note ? [h('small', {}, note)] : [])),
  );
}

/**
 * @param {import('../../bench/environment.js').Offer[]} offers
 */
export function choices(offers) {
  const contenders = offers.map(({ contender, version, lacks }) =>
    checkbox('contender', contender.name, contender.title, {
      checked: lacks === '',
      disabled: lacks !== '',
      note: lacks ? `Not here: ${lacks}.` : `${contender.about.replaceAll('`', '')} (${version})`,
    }),
  );
  const works = workloads.map(({ name, title }) =>
    checkbox('workload', name, title, { checked: ESSENTIAL.includes(name) }),
  );
  const boxes = (/** @type {HTMLElement[]} */ labels) =>
    labels.map((label) => /** @type {HTMLInputElement} */ (label.firstElementChild));
  const preset = (/** @type {string} */ title, /** @type {(name: string) => boolean} */ chosen) =>
    h(
      'button',
      {
        type: 'button',
        class: 'quiet',
        click: () => {
          for (const box of boxes(works)) box.checked = chosen(box.value);
          count();
        },
      },
      title,
    );
  const summary = h('summary');
  const count = () => {
    const chosen = boxes(works).filter(({ checked }) => checked).length;
    summary.textContent = `Workloads: ${chosen} of ${works.length}`;
  };
  count();
  const length = h(
    'select',
    { id: 'bench-length' },
    ...Object.entries(LENGTHS).map(([value, { title }]) =>
      h('option', { value, selected: value === USUAL_LENGTH }, title),
    ),
  );
  const element = h(
    'div',
    { class: 'choices' },
    h('fieldset', {}, h('legend', {}, 'Contenders'), ...contenders),
    h(
      'div',
      {},
      h('label', { for: 'bench-length' }, 'Length'),
      length,
      h(
        'details',
        {},
        summary,
        h(
          'p',
          { class: 'presets' },
          preset('The essential ones', (name) => ESSENTIAL.includes(name)),
          preset('All', () => true),
          preset('None', () => false),
        ),
        h(
          'fieldset',
          { change: count },
          h('legend', { class: 'visually-hidden' }, 'Workloads'),
          ...works,
        ),
      ),
    ),
  );
  const chosen = (/** @type {HTMLElement[]} */ labels) =>
    boxes(labels)
      .filter(({ checked }) => checked)
      .map(({ value }) => value);
  return {
    element,
    /** What is chosen now. */
    read() {
      const { repetitions = 1, milliseconds = 200 } = LENGTHS[length.value] ?? {};
      const plan = { repetitions, milliseconds, contenders: chosen(contenders) };
      return { plan, workloads: chosen(works) };
    },
    /** @param {boolean} running */
    lock(running) {
      for (const box of boxes(works)) box.disabled = running;
      for (const [index, box] of boxes(contenders).entries()) {
        box.disabled = running || offers[index]?.lacks !== '';
      }
      length.disabled = running;
    },
  };
}
