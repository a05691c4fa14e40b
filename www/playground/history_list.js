// @ts-check
import { h } from '../view/dom.js';
import { disable, replaceContent } from '../view/focus.js';
import { firstLine } from './results.js';

/** The history as buttons that put a statement back into the console. */
export class HistoryList {
  #history;
  #write;
  #list = h('ol', {});
  #clear = h('button', { type: 'button', class: 'quiet', click: () => this.#empty() }, 'Clear');

  /**
   * @param {import('./history.js').History} history
   * @param {(sql: string) => void} write
   */
  constructor(history, write) {
    this.#history = history;
    this.#write = write;
    this.element = h(
      'div',
      { class: 'history' },
      h('div', { class: 'bar' }, h('h3', {}, 'History'), this.#clear),
      this.#list,
    );
    this.show();
  }

  show() {
    const { entries } = this.#history;
    disable(this.#clear, entries.length === 0);
    replaceContent(
      this.#list,
      ...entries.map((sql) =>
        h(
          'li',
          {},
          h(
            'button',
            { type: 'button', title: sql, 'data-key': sql, click: () => this.#write(sql) },
            firstLine(sql),
          ),
        ),
      ),
      ...(entries.length === 0 ? [h('li', { class: 'faint' }, 'What you run comes here.')] : []),
    );
  }

  #empty() {
    this.#history.clear();
    this.show();
  }
}
