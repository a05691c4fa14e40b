// @ts-check
// The playground: a console on a database that four workers share, each with a SQLite of its own.
import { h } from '../view/dom.js';
import { Console } from './console.js';
import { DatabasePanel } from './database_panel.js';
import { History } from './history.js';
import { HistoryList } from './history_list.js';
import { Session } from './session.js';

/** @param {HTMLElement} section */
export async function mount(section) {
  const session = new Session();
  const history = new History();
  const write = (/** @type {string} */ sql) => {
    console_.write(sql);
    console_.focus();
  };
  const list = new HistoryList(history, write);
  const console_ = new Console(session, history, () => list.show());
  const panel = new DatabasePanel(session, (sql) => console_.write(sql));
  section.append(
    h('h2', {}, 'Playground'),
    h(
      'p',
      { class: 'intro' },
      'Four workers, one database. Each statement runs in the worker that you choose; what one commits, ',
      'the others see, and what it has not committed, they do not.',
    ),
    h('div', { class: 'layout' }, panel.element, console_.element, panel.contents, list.element),
  );
  acceptFiles(section, panel);
  const close = () => {
    console_.close();
    panel.close();
    session.close();
  };
  try {
    await session.connect();
  } catch (error) {
    close();
    throw error;
  }
  console_.start();
  panel.loadSample(0);
  return close;
}

/**
 * Files that are dropped anywhere on the section.
 *
 * @param {HTMLElement} section
 * @param {DatabasePanel} panel
 */
function acceptFiles(section, panel) {
  section.addEventListener('dragover', (event) => {
    if (!event.dataTransfer?.types.includes('Files')) return;
    event.preventDefault();
    section.classList.add('dropping');
  });
  section.addEventListener('dragleave', () => section.classList.remove('dropping'));
  section.addEventListener('drop', (event) => {
    section.classList.remove('dropping');
    if (!event.dataTransfer?.files.length) return;
    event.preventDefault();
    panel.openFiles(event.dataTransfer.files);
  });
}
