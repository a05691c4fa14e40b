// @ts-check
// Calls of every kind while workers are ended and calls are aborted at random: each call is settled, and
// what it was told is true.
import { diagnostics } from 'sharedwal';
import { sql } from 'sharedwal/pool';
import { randomNumbers } from '../support/random.js';
import { outcome, readers, ready, sleep, until } from './common.js';

/** @typedef {import('./parts.js').Part} Part */
/** @typedef {import('sharedwal/pool').Pool} Pool */

const ACCOUNTS = 500;
const TOTAL = ACCOUNTS * 100;
const CALLERS = 8;

/** What callers were told of the transfers that they made, by their numbers. */
class Ledger {
  /** @type {number[]} */
  made = [];
  /** @type {number[]} */
  refused = [];
  /** Of which nobody can tell: the worker died. */
  unknown = 0;
  reads = 0;
  /** @type {string[]} */
  wrong = [];
  #next = 1;

  next() {
    return this.#next++;
  }
}

/**
 * @param {Pool} pool
 * @param {Ledger} ledger
 * @param {(below: number) => number} random
 */
async function transfer(pool, ledger, random) {
  const number = ledger.next();
  const [from, to, amount] = [random(ACCOUNTS), random(ACCOUNTS), random(50)];
  const steps = [
    sql`update accounts set balance = balance - ${amount} where id = ${from}`,
    sql`update accounts set balance = balance + ${amount} where id = ${to}`,
    sql`insert into transfers (id) values (${number})`,
  ];
  const limited = random(4) === 0;
  const options = limited ? { signal: AbortSignal.timeout(random(15)) } : {};
  const call =
    random(2) === 0
      ? pool.batch(steps, options)
      : pool.transaction(async (tx) => {
          for (const step of steps) await tx.run(step.sql, step.params);
          if (random(8) === 0) throw new Error('changed its mind');
        }, options);
  const { error, code, pending } = await outcome(call, 60_000);
  if (pending) ledger.wrong.push(`transfer ${number} has no end`);
  else if (error === undefined) ledger.made.push(number);
  else if (code === 'WORKER_DIED') ledger.unknown++;
  else if (error.name === 'TimeoutError' || error.message === 'changed its mind') {
    ledger.refused.push(number);
  } else ledger.wrong.push(`transfer ${number}: [${code}] ${error}`);
}

/**
 * @param {Pool} pool
 * @param {Ledger} ledger
 * @param {(below: number) => number} random
 */
async function read(pool, ledger, random) {
  const options = random(4) === 0 ? { timeoutMs: 1 + random(15) } : {};
  const call = pool.query('select sum(balance) as sum, count(*) as n from accounts', [], options);
  const { value, error, code, pending } = await outcome(call, 60_000);
  if (value) ledger.reads++;
  const right = value?.[0].sum === TOTAL && value[0].n === ACCOUNTS;
  const expected = right || code === 'SQLITE_INTERRUPT' || code === 'WORKER_DIED';
  if (!expected || pending)
    ledger.wrong.push(`a read: [${code}] ${error ?? JSON.stringify(value)}`);
}

/**
 * @param {Pool} pool
 * @param {Ledger} ledger
 * @param {(below: number) => number} random
 */
async function stream(pool, ledger, random) {
  const leave = random(3) === 0;
  const work = async () => {
    let sum = 0;
    for await (const batch of pool.stream('select balance from accounts', [], { batchRows: 100 })) {
      for (const { balance } of batch) sum += Number(balance);
      if (leave) return TOTAL;
      if (random(2) === 0) await sleep(random(10));
    }
    return sum;
  };
  const { value, error, code, pending } = await outcome(work(), 60_000);
  if (value === TOTAL) ledger.reads++;
  else if (code !== 'WORKER_DIED' || pending) {
    ledger.wrong.push(`a stream: [${code}] ${error ?? value}`);
  }
}

/** @type {Part} */
export async function everything(report, bench) {
  const seed = bench.host.seed ?? Date.now() % 2 ** 32;
  console.log(`[pool] chaos: seed ${seed}`);
  const random = randomNumbers(seed);
  const { pool, runtime, workers } = bench.pool({ readers: 2 });
  await pool.exec(`
    create table accounts (id integer primary key, balance integer);
    create table transfers (id integer primary key);
    insert into accounts with recursive n (i) as
      (select 0 union all select i + 1 from n limit ${ACCOUNTS}) select i, 100 from n`);
  await ready(pool);
  const ledger = new Ledger();
  const live = pool.live('select count(*) as n from transfers');
  live.subscribe(() => {});
  const end = performance.now() + (bench.host.quick ? 4000 : 20_000);
  const callers = Array.from({ length: CALLERS }, async () => {
    while (performance.now() < end) {
      const kind = random(10);
      if (kind < 5) await transfer(pool, ledger, random);
      else if (kind < 8) await read(pool, ledger, random);
      else await stream(pool, ledger, random);
    }
  });
  let killed = 0;
  while (performance.now() < end) {
    await sleep(100 + random(400));
    // One whose script is still being loaded cannot be told from one that is slow.
    const living = workers.filter((worker) => bench.hasSpoken(worker)).slice(-3);
    void living[random(living.length)]?.terminate();
    killed++;
  }
  await Promise.all(callers);
  // The last of them may die of this.
  while ((await outcome(pool.run('select 1'))).code === 'WORKER_DIED') await sleep(10);
  report.equal('nothing unexpected', ledger.wrong.slice(0, 5), []);
  const stored = new Set((await pool.query('select id from transfers')).map(({ id }) => id));
  const lost = ledger.made.filter((id) => !stored.has(id));
  report.equal('what was acknowledged is there', lost, []);
  report.equal(
    'what was refused is not',
    ledger.refused.filter((id) => stored.has(id)),
    [],
  );
  report.check(
    'and nothing else, but where nobody knows',
    stored.size >= ledger.made.length && stored.size <= ledger.made.length + ledger.unknown,
    `${stored.size}, ${ledger.made.length} acknowledged, ${ledger.unknown} unknown`,
  );
  const [sum] = await pool.query('select sum(balance) as sum from accounts');
  report.equal('transfers are whole', sum, { sum: TOTAL });
  report.check(
    'the live query has the last of them',
    await until(() => live.getSnapshot().rows?.[0]?.n === stored.size),
    `${JSON.stringify(live.getSnapshot())}, ${stored.size}`,
  );
  const check = await pool.query('pragma integrity_check');
  report.equal('integrity', check, [{ integrity_check: 'ok' }]);
  report.atLeast('transfers', ledger.made.length, 20);
  report.atLeast('reads', ledger.reads, 20);
  report.atLeast('refused', ledger.refused.length, 1);
  await pool.run('delete from transfers');
  report.check(
    'all workers are there',
    await until(() => readers(pool).length === 2 && pool.workers.length === 3),
  );
  // Those of the workers, and one that each reader keeps for the next stream.
  report.check(
    'no connection is left by a stream',
    await until(() => diagnostics(runtime).connections.length <= 5),
    `${diagnostics(runtime).connections.length} connections`,
  );
  live.close();
  await ready(pool);
  await pool.close();
  // The last to die are cleaned up after by the next to come.
  const next = bench.pool({ runtime, readers: 1 }).pool;
  await ready(next);
  // A thread that ends while it opens or closes a connection may leave its slot, and nothing else.
  const left = () => diagnostics(runtime).connections.filter(({ locks }) => locks.length > 0);
  report.check(
    'nobody else has a lock',
    await until(() => left().length === 2),
    JSON.stringify(left()),
  );
  report.figures.chaos = {
    seed,
    killed,
    made: ledger.made.length,
    refused: ledger.refused.length,
    unknown: ledger.unknown,
    reads: ledger.reads,
  };
}
