// @ts-check
// The shell: shows the section that the address names, one at a time. It knows nothing of what is in
// them.
import { SECTIONS } from './sections.js';
import { h } from './view/dom.js';
import { element } from './view/page.js';

/** @typedef {import('./sections.js').Section} Section */

const TITLE = document.title;

/** At a first visit the service worker of a host without headers loads the page again; so long it may take. */
const ISOLATED_AFTER_MS = 2000;

/** @type {{ name: string, unmount: () => void } | undefined} */
let shown;
/** Mounting takes time, and the address may change meanwhile: one after the other. */
let turn = Promise.resolve();

/** The section that the address names, or undefined for a hash that is something else. */
function wanted() {
  const name = location.hash.slice(1);
  return name === '' ? SECTIONS[0] : SECTIONS.find((section) => section.name === name);
}

async function show() {
  const section = wanted();
  if (section === undefined || section.name === shown?.name) return;
  shown?.unmount();
  shown = undefined;
  const place = h('section', { id: 'section', class: section.name, 'aria-label': section.title });
  element('section').replaceWith(place);
  document.title = `${section.title} – ${TITLE}`;
  for (const link of element('sections').querySelectorAll('a')) {
    if (link.hash === `#${section.name}`) link.setAttribute('aria-current', 'page');
    else link.removeAttribute('aria-current');
  }
  if (!crossOriginIsolated && !section.everywhere) {
    return place.append(h('h2', {}, section.title));
  }
  try {
    const { mount } = await section.load();
    shown = { name: section.name, unmount: await mount(place) };
  } catch (error) {
    fail(place, section, error);
  }
}

/**
 * @param {HTMLElement} place
 * @param {Section} section
 * @param {unknown} error
 */
function fail(place, section, error) {
  console.error(error);
  const code = /** @type {{ code?: unknown }} */ (error).code;
  place.replaceChildren(
    h('h2', {}, section.title),
    h(
      'p',
      { class: 'notice bad-notice', role: 'alert' },
      `It could not start: ${error instanceof Error ? error.message : error}`,
      code === undefined ? '' : ` [${code}]`,
      '. The ',
      h('a', { href: '#doctor' }, 'doctor'),
      ' says what this browser lacks.',
    ),
  );
}

function navigate() {
  turn = turn.then(show);
}

element('sections').replaceChildren(
  ...SECTIONS.map(({ name, title }) => h('li', {}, h('a', { href: `#${name}` }, title))),
);
setTimeout(() => {
  element('isolation').hidden = crossOriginIsolated;
}, ISOLATED_AFTER_MS);
if (new URLSearchParams(location.search).get('run') === 'demo') location.hash = '#main-job';
addEventListener('hashchange', navigate);
navigate();
