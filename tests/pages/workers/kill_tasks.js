// @ts-check
// The life of a worker that can be ended at any moment: it writes, reads, checkpoints, closes its
// connection and opens another, tells what it does in the ledger, and finds out whether what it
// reads is as it has to be. What it reads wrongly, and every error, ends the test.
import { open } from '../../../dist/index.js';
import { KillLedger } from '../support/kill_ledger.js';
import { randomNumbers } from '../support/random.js';

/**
 * @typedef {import('../../../dist/index.js').Database} Database
 * @typedef {object} Args
 * @property {import('../../../dist/index.js').Runtime} runtime
 * @property {WebAssembly.Module} wasmModule
 * @property {{ workers: number, buffer: SharedArrayBuffer, origin: number }} ledger
 * @property {number} index its number in the ledger
 * @property {number} seed
 * @property {string} lock the name of the Web Lock that it holds as long as it lives
 * @property {number} accounts
 * @property {number} total of all balances
 */

/** Longer than anything may take here. */
const TIMEOUT_MS = 30_000;

/** A checkpoint that waits keeps everybody else from writing. */
const CHECKPOINT_TIMEOUT_MS = 20;

/** What a worker does by itself, and how often in a thousand times. */
const HABITS = /** @type {const} */ ({
  write: 420,
  writeMuch: 40,
  rollBack: 60,
  look: 150,
  read: 250,
  checkpoint: 60,
  check: 1,
  reopen: 19,
});
const HABITS_IN_ALL = 1000;

const ENDLESS = `with recursive n (i) as (select 1 union all select i + 1 from n)
                 select max(i) from n`;

/** @param {Args} args */
export async function live(args) {
  await new Promise((held) => {
    // Never given up by the worker itself: it comes free when the browser has ended it.
    void navigator.locks.request(args.lock, () => new Promise(() => held(undefined)));
  });
  const life = new Life(args);
  try {
    await life.run();
  } catch (error) {
    if (!life.record.terminated) throw error;
    // It was stopped by terminate(), and will be ended.
    await new Promise(() => {});
  }
}

const channel = new MessageChannel();

/** Lets the event loop run, where the browser ends a worker at once. */
function pause() {
  return new Promise((resolve) => {
    channel.port1.onmessage = () => resolve(undefined);
    channel.port2.postMessage(0);
  });
}

class Life {
  /** @type {Database} */
  // @ts-expect-error: set before anything uses it
  #db;
  #random;
  #lastVersion = 0;

  /** @param {Args} args */
  constructor(args) {
    const { workers, buffer, origin } = args.ledger;
    this.args = args;
    this.ledger = new KillLedger(workers, buffer, origin);
    this.record = this.ledger.record(args.index);
    this.#random = randomNumbers(args.seed);
  }

  async run() {
    await this.#open();
    while (!this.ledger.stopped) {
      if (this.record.command !== 'nothing') this.#obey();
      if (this.#random(HABITS_IN_ALL) < HABITS.reopen) await this.#reopen();
      for (const _ of this.#habit()) await pause();
      this.record.doing = 'between transactions';
      await pause();
    }
    this.#close();
    this.record.doing = 'between transactions';
  }

  async #open() {
    this.record.doing = 'opening';
    const { runtime, wasmModule } = this.args;
    this.#db = await open(runtime, { timeout: TIMEOUT_MS, wasmModule });
    this.record.connected = true;
    // Some spill in the middle of a transaction.
    if (this.#random(3) === 0) this.#db.pragma('cache_size = 10');
    if (this.#random(2) === 0) this.#db.pragma('wal_autocheckpoint = 50');
  }

  #close() {
    this.record.doing = 'closing';
    this.#db.close();
    this.record.connected = false;
  }

  async #reopen() {
    this.#close();
    await pause();
    await this.#open();
  }

  /** Does as it is told until it is ended. */
  #obey() {
    const { command } = this.record;
    if (command === 'never yield') {
      this.record.obey();
      for (;;) {
        for (const _ of this.#habit()) {
          // Goes on at once.
        }
        this.record.doing = 'between transactions';
      }
    }
    if (command === 'spin in a statement that reads') {
      this.#db.exec('begin; select count(*) from accounts');
    } else {
      this.#begin();
      this.#transfer();
    }
    this.record.doing = 'spinning';
    this.record.obey();
    for (;;) {
      if (command !== 'spin in JavaScript') this.#db.exec(ENDLESS);
    }
  }

  /** One thing that it does; each `yield` is a moment when the worker can be ended at once. */
  #habit() {
    let rest = this.#random(HABITS_IN_ALL - HABITS.reopen);
    const chosen = Object.entries(HABITS).find(([, weight]) => {
      rest -= weight;
      return rest < 0;
    });
    switch (/** @type {keyof typeof HABITS | undefined} */ (chosen?.[0])) {
      case 'writeMuch':
        return this.#write(60);
      case 'rollBack':
        return this.#rollBack();
      case 'look':
        return this.#look();
      case 'read':
        return this.#read();
      case 'checkpoint':
        return this.#checkpoint();
      case 'check':
        return this.#check();
      default:
        return this.#write(1 + this.#random(4));
    }
  }

  #begin() {
    this.record.wait();
    this.#db.exec('begin immediate');
    this.record.begin();
    this.record.doing = 'writing';
  }

  /** Moves an amount from one account to another and fills both with other bytes. */
  #transfer() {
    const { accounts } = this.args;
    const from = this.#random(accounts);
    const to = (from + 1 + this.#random(accounts - 1)) % accounts;
    const amount = this.#random(100);
    const update = this.#db.prepare(
      'update accounts set balance = balance + ?, filling = randomblob(?) where id = ?',
    );
    update.run(-amount, 100 + this.#random(600), from);
    update.run(amount, 100 + this.#random(600), to);
  }

  /**
   * A transaction with the worker's next row. The row's number is that of its commit.
   *
   * @param {number} transfers
   */
  *#write(transfers) {
    this.#begin();
    yield;
    for (let i = 0; i < transfers; i++) {
      this.#transfer();
      if (i % 8 === 0) yield;
    }
    const row = [this.args.index, this.record.commits + 1];
    this.#db.prepare('insert into rows (worker, n) values (?, ?)').run(...row);
    this.#db.prepare('update version set n = n + 1').run();
    yield;
    this.record.doing = 'committing';
    this.#db.exec('commit');
    this.record.commit();
  }

  *#rollBack() {
    this.#begin();
    this.#transfer();
    yield;
    this.#db.exec('rollback');
    this.record.rollBack();
  }

  /** Two looks at one snapshot. */
  *#read() {
    const other = this.#random(this.args.index + 1);
    const acknowledged = this.ledger.record(other).commits;
    this.record.doing = 'reading';
    this.#db.exec('begin');
    const first = this.#state(other);
    yield;
    const second = this.#state(other);
    yield;
    this.#db.exec('commit');
    this.#require(first, other, acknowledged);
    if (JSON.stringify(first) !== JSON.stringify(second)) {
      throw new Error(`one snapshot: ${JSON.stringify(first)}, then ${JSON.stringify(second)}`);
    }
  }

  /** One look, in a statement of its own. */
  *#look() {
    const other = this.args.index;
    this.record.doing = 'reading';
    this.#require(this.#state(other), other, this.record.commits);
    this.record.doing = 'between transactions';
    yield;
  }

  /** @param {number} other */
  #state(other) {
    const sql = `select (select sum(balance) from accounts) total, (select n from version) version,
      (select count(*) from rows where worker = :other) rows,
      (select max(n) from rows where worker = :other) last`;
    return /** @type {Record<string, number>} */ (this.#db.prepare(sql).get({ other }));
  }

  /**
   * The sum stands, every commit that was acknowledged before is there, nothing that was seen is
   * gone.
   *
   * @param {Record<string, number>} state
   * @param {number} other
   * @param {number} acknowledged
   */
  #require(state, other, acknowledged) {
    const { total, version = 0, rows = 0, last } = state;
    const right =
      total === this.args.total &&
      version >= this.#lastVersion &&
      rows === (last ?? 0) &&
      rows >= acknowledged;
    if (!right) {
      throw new Error(
        `worker ${other}, ${acknowledged} commits acknowledged, version ${this.#lastVersion} seen: ${JSON.stringify(state)}`,
      );
    }
    this.#lastVersion = version;
    this.record.countRead();
  }

  *#checkpoint() {
    const mode = ['passive', 'full', 'restart', 'truncate'][this.#random(4)];
    this.#db.pragma(`busy_timeout = ${CHECKPOINT_TIMEOUT_MS}`);
    this.record.doing = 'checkpointing';
    this.#db.pragma(`wal_checkpoint(${mode})`);
    this.#db.pragma(`busy_timeout = ${TIMEOUT_MS}`);
    this.record.doing = 'between transactions';
    yield;
  }

  *#check() {
    this.record.doing = 'reading';
    const found = this.#db.pragma('integrity_check', { simple: true });
    if (found !== 'ok') throw new Error(`integrity_check: ${found}`);
    this.record.countCheck();
    this.record.doing = 'between transactions';
    yield;
  }
}
