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

/**
 * @param {LockName} lock
 * @param {Connection} connection
 * @param {string} name
 */
function holder(lock, { locks, transaction }, name) {
  const held = locks.find((one) => one.name === lock);
  if (!held) return [];
  // A lock of the log is held no longer than the transaction; the file's, from the opening on.
  const age = lock === 'EXCLUSIVE' ? undefined : transaction?.ageMs;
  return [{ name, exclusive: held.exclusive, age }];
}

export function locks() {
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
      for (const [lock, { row, who, age }] of rows) {
        const holders = connections.flatMap((one) => holder(lock, one, nameOf(one.id)));
        const names =
          holders.length > 4
            ? `${holders.length} connections`
            : holders.map(({ name }) => name).join(', ');
        const shared = holders.some(({ exclusive }) => !exclusive) ? ' (shared)' : '';
        const text = holders.length > 0 ? `${names}${shared}` : '–';
        if (who.textContent !== text) who.textContent = text;
        const ages = holders.flatMap((one) => one.age ?? []);
        const longest = ages.length > 0 ? duration(Math.max(...ages)) : '';
        if (age.textContent !== longest) age.textContent = longest;
        row.classList.toggle('held', holders.length > 0);
      }
    },
  };
}
