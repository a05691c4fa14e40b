// @ts-check
// The console: an editor, the choice of a worker, and what came of that worker's last run.
import { h } from '../view/dom.js';
import { disable } from '../view/focus.js';
import { milliseconds, results, summary } from './results.js';
import { WORKERS } from './session.js';

/**
 * @typedef {import('./session.js').Session} Session
 * @typedef {import('./history.js').History} History
 *
 * @typedef {object} Seat a worker, as the console shows it
 * @property {HTMLInputElement} choice
 * @property {HTMLElement} state
 * @property {HTMLElement} output
 * @property {number | undefined} since when it has been running
 * @property {boolean} inTransaction
 */

const TICK_MS = 100;

export class Console {
  #session;
  #history;
  #onRun;
  #editor = h('textarea', {
    ...{ id: 'sql', rows: 9, spellcheck: 'false', autocapitalize: 'off', autocomplete: 'off' },
    'aria-describedby': 'sql-keys',
    keydown: (/** @type {KeyboardEvent} */ event) => this.#key(event),
  });
  #run = h('button', { type: 'button', class: 'primary', click: () => this.run(false) }, 'Run');
  #plan = h('button', { type: 'button', click: () => this.run(true) }, 'Explain');
  #cancel = h(
    'button',
    { type: 'button', click: () => this.#session.cancel(this.#chosen) },
    'Cancel',
  );
  #status = h('p', { id: 'run-status', role: 'status' });
  #seats = Array.from({ length: WORKERS }, (_, i) => this.#seat(i));
  /** @type {ReturnType<typeof setInterval>} */
  #timer = setInterval(() => this.#tick(), TICK_MS);
  #ready = false;
  #closed = false;

  /**
   * @param {Session} session
   * @param {History} history
   * @param {() => void} onRun called after each run
   */
  constructor(session, history, onRun) {
    this.#session = session;
    this.#history = history;
    this.#onRun = onRun;
    const seats = this.#seats.map(({ choice, state }, i) =>
      h('label', { class: 'seat' }, choice, h('span', {}, `Worker ${i + 1}`), state),
    );
    this.element = h(
      'div',
      { class: 'console' },
      h('label', { for: 'sql', class: 'visually-hidden' }, 'SQL'),
      this.#editor,
      h(
        'div',
        { class: 'tools' },
        h(
          'fieldset',
          { class: 'seats' },
          h('legend', { class: 'visually-hidden' }, 'Run in'),
          ...seats,
        ),
        h('div', { class: 'actions' }, this.#cancel, this.#plan, this.#run),
      ),
      h(
        'div',
        { class: 'bar below' },
        h(
          'p',
          { class: 'faint keys', id: 'sql-keys' },
          ...[h('kbd', {}, 'Ctrl'), ' ', h('kbd', {}, 'Enter'), ' runs it, '],
          ...[h('kbd', {}, 'Alt'), ' ', h('kbd', {}, '↑'), ' and ', h('kbd', {}, '↓')],
          ' go through the history',
        ),
        this.#status,
      ),
      ...this.#seats.map(({ output }) => output),
    );
    this.#show();
  }

  /** The workers are there. */
  start() {
    this.#ready = true;
    this.#show();
  }

  /** @param {string} sql */
  write(sql) {
    this.#editor.value = sql;
    this.#editor.scrollTop = 0;
  }

  focus() {
    this.#editor.focus();
  }

  /** @param {boolean} plan shows how SQLite would run it instead */
  async run(plan) {
    const [worker, sql] = [this.#chosen, this.#editor.value.trim()];
    const seat = this.#seats[worker];
    if (!this.#ready || seat === undefined || seat.since !== undefined || sql === '') return;
    this.#history.add(sql);
    seat.since = performance.now();
    this.#show();
    try {
      const { outcomes, inTransaction } = await this.#session.run(worker, { sql, plan });
      seat.output.replaceChildren(...results(outcomes));
      seat.inTransaction = inTransaction;
      const last = outcomes.at(-1);
      this.#status.textContent = `Worker ${worker + 1}: ${last ? summary(last) : 'no statement'}`;
    } catch (error) {
      // The worker itself is broken, not the SQL; or it was ended with the section.
      if (this.#closed) return;
      this.#status.textContent = `Worker ${worker + 1}: ${error}`;
    }
    seat.since = undefined;
    this.#show();
    this.#onRun();
  }

  close() {
    this.#closed = true;
    clearInterval(this.#timer);
  }

  get #chosen() {
    return Math.max(
      0,
      this.#seats.findIndex(({ choice }) => choice.checked),
    );
  }

  /**
   * @param {number} worker
   * @returns {Seat}
   */
  #seat(worker) {
    return {
      choice: h('input', {
        ...{ type: 'radio', name: 'worker', value: worker, checked: worker === 0 },
        change: () => this.#choose(),
      }),
      state: h('span', { class: 'state' }),
      output: h(
        'div',
        { class: 'output', role: 'group', 'aria-label': `Results of worker ${worker + 1}` },
        h('p', { class: 'faint' }, `Worker ${worker + 1} has run nothing yet.`),
      ),
      since: undefined,
      inTransaction: false,
    };
  }

  #choose() {
    // It told of another worker.
    this.#status.textContent = '';
    this.#show();
  }

  #show() {
    const chosen = this.#chosen;
    for (const [i, seat] of this.#seats.entries()) seat.output.hidden = i !== chosen;
    const running = this.#seats[chosen]?.since !== undefined;
    disable(this.#run, running || !this.#ready);
    disable(this.#plan, running || !this.#ready);
    disable(this.#cancel, !running);
    this.#tick();
  }

  /** How long each has been running. */
  #tick() {
    for (const { state, since, inTransaction } of this.#seats) {
      const text =
        since !== undefined
          ? milliseconds(performance.now() - since)
          : inTransaction
            ? 'in transaction'
            : '';
      if (state.textContent !== text) state.textContent = text;
      state.classList.toggle('running', since !== undefined);
    }
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      this.run(event.shiftKey);
    } else if (event.altKey && (event.key === 'ArrowUp' || event.key === 'ArrowDown')) {
      event.preventDefault();
      const sql = this.#history.walk(event.key === 'ArrowUp' ? 1 : -1, this.#editor.value);
      if (sql !== undefined) this.write(sql);
    }
  }
}
