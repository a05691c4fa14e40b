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

/** As the package asks: some shells of browsers offer it without isolation. */
const SHARES_MEMORY = typeof SharedArrayBuffer !== 'undefined';

/** What the address named last. A hash that names no section changes nothing: the skip link has one. */
let wanted = SECTIONS[0];
/** @type {{ section: Section, unmount: () => void } | undefined} */
let shown;
/** Mounting takes time, and the address may change meanwhile: one after the other. */
let turn = Promise.resolve();

async function show() {
  const section = wanted;
  if (section === shown?.section) return;
  leave();
  const here = { section, unmount: () => {} };
  shown = here;
  const place = h('section', { id: 'section', class: section.name, 'aria-label': section.title });
  element('section').replaceWith(place);
  if (!SHARES_MEMORY && !section.everywhere) {
    return place.append(h('h2', {}, section.title));
  }
  try {
    const { mount } = await section.load();
    here.unmount = await mount(place);
  } catch (error) {
    fail(place, section, error);
  }
}

/** Whatever goes wrong in a section that is left, the next one is shown. */
function leave() {
  try {
    shown?.unmount();
  } catch (error) {
    console.error(error);
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

/** At once, also while the section before still starts. */
function mark() {
  document.title = `${wanted.title} – ${TITLE}`;
  for (const link of element('sections').querySelectorAll('a')) {
    if (link.hash !== `#${wanted.name}`) {
      link.removeAttribute('aria-current');
      continue;
    }
    link.setAttribute('aria-current', 'page');
    // On a phone not all of them are in sight.
    const nav = element('navigation');
    nav.scrollLeft = link.offsetLeft - nav.offsetLeft - (nav.clientWidth - link.offsetWidth) / 2;
  }
}

function navigate() {
  const name = location.hash.slice(1);
  wanted = name === '' ? SECTIONS[0] : (SECTIONS.find((one) => one.name === name) ?? wanted);
  mark();
  turn = turn.then(show);
}

element('sections').replaceChildren(
  ...SECTIONS.map(({ name, title }) => h('li', {}, h('a', { href: `#${name}` }, title))),
);
setTimeout(() => {
  element('isolation').hidden = SHARES_MEMORY;
}, ISOLATED_AFTER_MS);
if (new URLSearchParams(location.search).get('run') === 'demo') location.hash = '#main-job';
addEventListener('hashchange', navigate);
navigate();
