// @ts-check
import { doctor } from 'sharedwal/doctor';
import { h } from '../view/dom.js';

/** @typedef {import('sharedwal/doctor').Host} Host */

/** @type {readonly [Host, string][]} */
const HOSTS = [
  ['vite', 'Vite'],
  ['webpack', 'webpack-dev-server'],
  ['next', 'Next.js'],
  ['nginx', 'nginx'],
  ['caddy', 'Caddy'],
  ['netlify', 'Netlify'],
  ['vercel', 'Vercel'],
  ['cloudflare', 'Cloudflare'],
  ['github-pages', 'GitHub Pages, no headers'],
];

/** What to put where, for the host that is chosen. */
export function recipeView() {
  const files = h('div', { id: 'recipe', 'aria-live': 'polite' });
  const choice = h(
    'select',
    { id: 'host', change: () => show() },
    ...HOSTS.map(([host, title]) => h('option', { value: host }, title)),
  );
  const show = async () => {
    const host = /** @type {Host} */ (choice.value);
    const { recipe } = await doctor({ host });
    // Another one was chosen meanwhile.
    if (recipe === undefined || choice.value !== host) return;
    files.replaceChildren(
      ...recipe.files.map(({ path, text }) => file(path, text)),
      h('ul', { class: 'notes' }, ...recipe.notes.map((note) => h('li', {}, ...withCode(note)))),
    );
  };
  show();
  return h(
    'div',
    { class: 'card' },
    h('div', { class: 'bar' }, h('h3', {}, 'The recipe for a host'), choice),
    h('label', { for: 'host', class: 'visually-hidden' }, 'Host'),
    files,
  );
}

/** What is between backticks is code. @param {string} text */
function withCode(text) {
  return text.split('`').map((part, i) => (i % 2 === 1 ? h('code', {}, part) : part));
}

/**
 * @param {string} path
 * @param {string} text
 */
function file(path, text) {
  return h(
    'figure',
    {},
    h(
      'figcaption',
      { class: 'bar' },
      h('span', {}, path),
      copyButton('Copy', () => text),
    ),
    h('pre', { tabindex: 0, role: 'region', 'aria-label': path }, text.trimEnd()),
  );
}

/**
 * @param {string} label
 * @param {() => string} text
 */
export function copyButton(label, text) {
  const button = h('button', { type: 'button', class: 'quiet' }, label);
  button.addEventListener('click', async () => {
    try {
      await navigator.clipboard.writeText(text());
      button.textContent = 'Copied';
    } catch {
      button.textContent = 'Not allowed here';
    }
    setTimeout(() => {
      button.textContent = label;
    }, 2000);
  });
  return button;
}
