// @ts-check
import { open } from '../../../dist/index.js';
import { describeError } from '../support/report.js';
import { Share, Signals } from '../support/signals.js';

/** @type {import('../../../dist/index.js').Database | undefined} */
let db;

function opened() {
  if (db === undefined) throw new Error('this worker is not connected');
  return db;
}

/**
 * @param {{ runtime: import('../../../dist/index.js').Runtime, options: import('../../../dist/index.js').OpenOptions }} args
 */
export async function connect({ runtime, options }) {
  db = await open(runtime, options);
  // A small cache spills in the middle of transactions; a short log starts anew often.
  db.exec('pragma cache_size = 10; pragma wal_autocheckpoint = 40');
}

/** @param {{ accounts: number, balance: number }} args */
export function createAccounts({ accounts, balance }) {
  opened().exec(`
    create table accounts (id integer primary key, balance integer not null, filler blob not null);
    create index by_balance on accounts (balance);
    create table journal (id integer primary key, worker integer not null, n integer not null, amount integer not null);
    with recursive n (i) as (select 1 union all select i + 1 from n where i < ${accounts})
    insert into accounts select i, ${balance}, zeroblob(300) from n`);
}

/**
 * Moves money between accounts until the time is over and each writer has come to its floor, sometimes gives a transfer up, and counts
 * what was acknowledged. Transfers are immediate or deferred with a new try, in turn.
 *
 * @param {{ worker: number, workers: number, accounts: number, ms: number, floor: number, signals: SharedArrayBuffer, seed: number }} args
 */
export function transfer({ worker, workers, accounts, ms, floor, signals: buffer, seed }) {
  const connection = opened();
  const take = connection.prepare('update accounts set balance = balance - ? where id = ?');
  const give = connection.prepare('update accounts set balance = balance + ? where id = ?');
  const log = connection.prepare('insert into journal (worker, n, amount) values (?, ?, ?)');
  let state = seed;
  const random = (/** @type {number} */ below) => {
    // xorshift32: the same seed replays the same transfers.
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
  const move = connection.transaction((/** @type {number} */ n, /** @type {boolean} */ giveUp) => {
    for (let i = 0; i < 3; i++) {
      const amount = 1 + random(100);
      take.run(amount, 1 + random(accounts));
      give.run(amount, 1 + random(accounts));
      log.run(worker, n, amount);
    }
    if (giveUp) throw new GivenUp();
  });
  class GivenUp extends Error {}

  const signals = new Signals(buffer);
  signals.add(0);
  signals.waitFor(0, workers);
  // The watcher has no share.
  const share = new Share(signals, 2, workers - 1, ms);
  const found = { acknowledged: 0, givenUp: 0, busy: 0, errors: /** @type {any[]} */ ([]) };
  for (let n = 0; share.goesOn(found.acknowledged >= floor && found.givenUp > 0); n++) {
    try {
      (n % 2 === 0 ? move.immediate : move.deferred)(found.acknowledged, random(8) === 0);
      found.acknowledged += 1;
    } catch (error) {
      const { code } = describeError(error);
      if (error instanceof GivenUp) found.givenUp += 1;
      else if (code === 'SQLITE_BUSY' || code === 'SQLITE_BUSY_SNAPSHOT') found.busy += 1;
      else found.errors.push(describeError(error));
      if (found.errors.length > 10) break;
    }
  }
  signals.add(1);
  return found;
}

/**
 * Looks at the sums without pause until the writers have finished.
 *
 * @param {{ workers: number, writers: number, total: number, signals: SharedArrayBuffer }} args
 */
export function watch({ workers, writers, total, signals: buffer }) {
  const connection = opened();
  const byTable = connection.prepare('select sum(balance) from accounts not indexed').pluck();
  const byIndex = connection
    .prepare('select sum(balance) from accounts indexed by by_balance where balance > -1e15')
    .pluck();
  const journal = connection
    .prepare('select count(*), coalesce(max(id), 0), coalesce(sum(amount), 0) from journal')
    .raw();
  const found = { looks: 0, states: 0, busy: 0, problems: /** @type {string[]} */ ([]) };
  let last = -1;
  const look = connection.transaction(() => {
    const before = /** @type {number[]} */ (journal.get());
    const sums = [byTable.get(), byIndex.get()];
    const after = /** @type {number[]} */ (journal.get());
    if (sums.some((sum) => sum !== total)) found.problems.push(`the sum is ${sums}, not ${total}`);
    if (before.join() !== after.join()) found.problems.push(`${before} became ${after}`);
    if (before[0] !== before[1]) found.problems.push(`${before[0]} entries, last id ${before[1]}`);
    if ((before[0] ?? 0) % 3 !== 0) found.problems.push(`${before[0]} entries: half a transfer`);
    return before[0] ?? 0;
  });
  const signals = new Signals(buffer);
  signals.add(0);
  signals.waitFor(0, workers);
  while (signals.value(1) < writers && found.problems.length < 10) {
    try {
      const entries = look();
      if (entries < last) found.problems.push(`the journal fell from ${last} to ${entries}`);
      if (entries !== last) found.states += 1;
      last = entries;
      found.looks += 1;
    } catch (error) {
      const { code, message } = describeError(error);
      if (code === 'SQLITE_BUSY') found.busy += 1;
      else found.problems.push(`[${code}] ${message}`);
    }
  }
  return found;
}

export function inspect() {
  const connection = opened();
  return {
    sum: connection.prepare('select sum(balance) from accounts').pluck().get(),
    journal: connection
      .prepare(
        'select worker, count(*), count(distinct n) from journal group by worker order by worker',
      )
      .raw()
      .all(),
    integrity: connection.pragma('integrity_check', { simple: true }),
    mode: connection.pragma('journal_mode', { simple: true }),
  };
}

export function close() {
  opened().close();
}
