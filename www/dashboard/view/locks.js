// @ts-check
// Who holds which lock and for how long, as the runtime tells it: one look at one moment.
import { h } from '../../view/dom.js';
import { duration } from './format.js';

/**
 * @typedef {import('../../../dist/index.js').ConnectionDiagnostics} Connection
 * @typedef {import('../../../dist/index.js').LockName} LockName
 */

/** In the order of SQLite's documentation. @type {[LockName, string][]} */
const LOCKS = [
  ['WRITE', 'the one writer'],
  ['CKPT', 'the one checkpointer'],
  ['RECOVER', 'builds the wal-index anew'],
  ['READ0', 'readers of the database alone'],
  ['READ1', 'readers up to a mark'],
  ['READ2', 'another mark'],
  ['READ3', 'another mark'],
  ['READ4', 'another mark'],
  ['RESERVED', 'a writer without a log'],
  ['PENDING', 'it waits for readers'],
  ['EXCLUSIVE', 'shared: who is connected'],
];

/** For how long connections hold their locks, as far as looks at them tell, one after the other. */
class Ages {
  /** @type {Map<string, number>} */
  #since = new Map();
  #now = performance.now();

  /** @param {Connection[]} connections */
  look(connections) {
    this.#now = performance.now();
    /** @type {Map<string, number>} */
    const since = new Map();
    for (const { id, locks, transaction } of connections) {
      for (const { name } of locks) {
        // A lock of the log is not older than the transaction that holds it; the file's is held from the
        // opening on.
        const seen = this.#since.get(key(id, name)) ?? this.#now;
        const begun = name === 'EXCLUSIVE' ? undefined : transaction?.ageMs;
        since.set(key(id, name), Math.max(seen, this.#now - (begun ?? Number.POSITIVE_INFINITY)));
      }
    }
    this.#since = since;
  }

  /**
   * @param {number} id
   * @param {LockName} lock
   */
  of(id, lock) {
    return this.#now - (this.#since.get(key(id, lock)) ?? this.#now);
  }
}

/**
 * @param {number} id
 * @param {LockName} lock
 */
function key(id, lock) {
  return `${id} ${lock}`;
}

export function locks() {
  const ages = new Ages();
  const rows = new Map(
    LOCKS.map(([lock, meaning]) => {
      const [who, age] = [h('td', { class: 'who' }), h('td', { class: 'number' })];
      const row = h(
        'tr',
        { 'data-lock': lock },
        h('th', { scope: 'row' }, h('code', {}, lock), h('span', { class: 'meaning' }, meaning)),
        who,
        age,
      );
      return [lock, { row, who, age }];
    }),
  );
  const element = h(
    'table',
    { class: 'lock-table' },
    h(
      'thead',
      {},
      h(
        'tr',
        {},
        h('th', { scope: 'col' }, 'Lock'),
        h('th', { scope: 'col' }, 'Held by'),
        h('th', { scope: 'col', class: 'number' }, 'For'),
      ),
    ),
    h('tbody', {}, ...[...rows.values()].map(({ row }) => row)),
  );
  return {
    element,
    /**
     * @param {Connection[]} connections
     * @param {(id: number) => string} nameOf
     */
    draw(connections, nameOf) {
      ages.look(connections);
      for (const [lock, { row, who, age }] of rows) {
        const holders = connections.flatMap(({ id, locks }) => {
          const held = locks.find(({ name }) => name === lock);
          return held ? [{ id, exclusive: held.exclusive }] : [];
        });
        const names =
          holders.length > 4
            ? `${holders.length} connections`
            : holders.map(({ id }) => nameOf(id)).join(', ');
        const shared = holders.some(({ exclusive }) => !exclusive) ? ' (shared)' : '';
        const text = holders.length > 0 ? `${names}${shared}` : '–';
        if (who.textContent !== text) who.textContent = text;
        const longest =
          holders.length > 0
            ? duration(Math.max(...holders.map(({ id }) => ages.of(id, lock))))
            : '';
        if (age.textContent !== longest) age.textContent = longest;
        row.classList.toggle('held', holders.length > 0);
      }
    },
  };
}
