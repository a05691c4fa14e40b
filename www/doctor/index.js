// @ts-check
// The doctor: what this browser offers, in plain words, to this page and to a worker of it. Works without
// isolation, which is when it is needed.
import { doctor } from 'sharedwal/doctor';
import { h } from '../view/dom.js';
import { FACTS } from './facts.js';
import { copyButton, recipeView } from './recipe.js';

/**
 * @typedef {import('sharedwal/doctor').Environment} Environment
 * @typedef {import('sharedwal/doctor').Finding} Finding
 * @typedef {{ environment: Environment, findings: readonly Finding[] }} Found
 */

const WORKER_MS = 10_000;

/** @param {HTMLElement} section */
export async function mount(section) {
  section.append(
    h('h2', {}, 'Doctor'),
    h('p', { class: 'intro' }, 'What this browser, as this page was served, offers to sharedwal.'),
  );
  const [page, worker] = await Promise.all([doctor(), inWorker()]);
  section.append(
    verdict(page.ok && worker?.findings.every(({ severity }) => severity !== 'error') === true),
    ...findingsView(page, worker),
    factsTable(page.environment, worker?.environment, () => String(page)),
    recipeView(),
    h(
      'div',
      { class: 'card' },
      h('h3', {}, 'What no browser offers'),
      h('ul', { class: 'notes' }, ...page.impossible.map((one) => h('li', {}, one))),
    ),
  );
  return () => {};
}

/** @returns {Promise<Found | undefined>} undefined where no worker starts */
function inWorker() {
  const worker = new Worker(new URL('./worker.js', import.meta.url), { type: 'module' });
  return new Promise((resolve) => {
    const timer = setTimeout(() => end(undefined), WORKER_MS);
    const end = (/** @type {Found | undefined} */ found) => {
      clearTimeout(timer);
      worker.terminate();
      resolve(found);
    };
    worker.onmessage = ({ data }) => end(data);
    worker.onerror = () => end(undefined);
  });
}

/** @param {boolean} ok */
function verdict(ok) {
  return h(
    'p',
    { id: 'diagnosis', role: 'status', class: ok ? 'good' : 'bad' },
    ok ? 'sharedwal works here.' : 'sharedwal does not work here.',
  );
}

/**
 * @param {Found} page
 * @param {Found | undefined} worker
 */
function findingsView(page, worker) {
  const known = new Set(page.findings.map(({ code }) => code));
  const all = [
    ...page.findings.map((finding) => ({ where: 'page', finding })),
    ...(worker?.findings ?? [])
      .filter(({ code }) => !known.has(code))
      .map((finding) => ({ where: 'worker', finding })),
  ];
  return [
    ...(worker === undefined
      ? [
          h(
            'p',
            { class: 'notice bad-notice' },
            'No worker started, so nothing is known of workers.',
          ),
        ]
      : []),
    h(
      'ul',
      { class: 'findings' },
      ...all.map(({ where, finding: { code, severity, message, advice } }) =>
        h(
          'li',
          { class: `notice ${severity === 'error' ? 'bad-notice' : ''}` },
          h('strong', {}, `${SEVERITIES[severity]}, in the ${where}: `),
          message,
          ' ',
          h('span', { class: 'advice' }, advice),
          ' ',
          h('code', { class: 'faint' }, code),
        ),
      ),
    ),
  ];
}

const SEVERITIES = { error: 'Missing', warning: 'Weaker', info: 'Good to know' };

/**
 * @param {Environment} page
 * @param {Environment | undefined} worker
 * @param {() => string} report
 */
function factsTable(page, worker, report) {
  return h(
    'div',
    { class: 'card' },
    h('div', { class: 'bar' }, h('h3', {}, 'What was found'), copyButton('Copy as text', report)),
    h(
      'div',
      { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': 'What was found' },
      h(
        'table',
        {},
        h(
          'thead',
          {},
          h(
            'tr',
            {},
            ...['What, and what it is for', 'Page', 'Worker'].map((text) =>
              h('th', { scope: 'col' }, text),
            ),
          ),
        ),
        h(
          'tbody',
          {},
          ...FACTS.map(({ what, why, answer }) =>
            h(
              'tr',
              {},
              h(
                'th',
                { scope: 'row' },
                h('div', { class: 'fact' }, h('span', {}, what), h('span', { class: 'why' }, why)),
              ),
              cell(answer(page)),
              cell(worker ? answer(worker) : { text: 'not known' }),
            ),
          ),
        ),
      ),
    ),
  );
}

/** @param {import('./facts.js').Answer} answer */
function cell({ text, good }) {
  return h('td', { class: good === undefined ? '' : good ? 'good' : 'bad' }, text);
}
