// @ts-check
// The workers of the kill test: so many live at any time, one after the other is ended while it does
// whatever it does, and is counted when the browser has really ended it.
import { diagnostics, share, terminate } from 'sharedwal';
import { COMMANDS } from './kill_ledger.js';
import { randomNumbers } from './random.js';
import { pause } from './signals.js';
import { StallClock } from './stall_clock.js';
import { TaskWorker } from './task_worker.js';

/**
 * @typedef {import('sharedwal').Runtime} Runtime
 * @typedef {import('./kill_ledger.js').WorkerRecord} WorkerRecord
 * @typedef {import('./stall_clock.js').How} How
 * @typedef {{ worker: TaskWorker, record: WorkerRecord, life: Promise<unknown> }} Life
 * @typedef {object} Args
 * @property {Runtime} runtime
 * @property {import('./kill_ledger.js').KillLedger} ledger
 * @property {number} seed
 * @property {string} script of the workers
 * @property {Record<string, unknown>} task what all are told
 */

export const LIVING = 4;
export const MOST_DYING = 16;
/** Longer than anything may take here. */
const LIMIT_MS = 30_000;

/** Of a hundred that are ended by `worker.terminate()`, and by `terminate(runtime, worker)`. */
const NEVER_YIELDS = { plain: 10, asked: 20 };

/**
 * @param {() => boolean} holds
 * @param {number} [limitMs]
 * @returns {Promise<boolean>} whether it held in time
 */
export async function until(holds, limitMs = LIMIT_MS) {
  const start = performance.now();
  while (!holds()) {
    if (performance.now() - start > limitMs) return false;
    await pause(2);
  }
  return true;
}

export class Population {
  /** @type {WorkerRecord[]} */
  records = [];
  /** @type {string[]} */
  errors = [];
  deaths = 0;
  /** How many were ended in what way while they did what. @type {Record<How, Record<string, number>>} */
  died = { plain: {}, asked: {} };
  /** From the call to the real end. @type {Record<How, number[]>} */
  msToEnd = { plain: [], asked: [] };
  /** Those that had a connection when they ended. */
  connected = 0;
  stoppedThemselves = 0;
  mostDying = 0;
  mostConnections = 0;
  mostLogBytes = 0;

  /** @type {Set<Life>} */
  #living = new Set();
  /** @type {Set<Life>} */
  #dying = new Set();
  #polls = 0;

  /** @param {Args} args */
  constructor(args) {
    this.args = args;
    this.clock = new StallClock(args.ledger);
    this.random = randomNumbers(args.seed);
  }

  #start() {
    const index = this.records.length;
    const { ledger, runtime, script, seed, task } = this.args;
    const record = ledger.record(index);
    this.records.push(record);
    const worker = new TaskWorker(`worker ${index}`, script);
    const { workers, buffer, origin } = ledger;
    const life = worker.run('kill_tasks', 'live', {
      ...task,
      runtime: share(runtime, worker.worker),
      ledger: { workers, buffer, origin },
      index,
      seed: seed + index,
      lock: this.#lock(index),
    });
    life.catch((error) => this.errors.push(`worker ${index}, ${record.doing}: ${error.stack}`));
    this.clock.started(record);
    this.#living.add({ worker, record, life });
  }

  /**
   * The Web Lock that a worker holds as long as it lives.
   *
   * @param {number} index
   */
  #lock(index) {
    return `kill:${this.args.runtime.id}:${index}`;
  }

  /**
   * Ends one after the other, as fast as others can take their places.
   *
   * @param {number} deadline
   */
  async kill(deadline) {
    const ready = () => [...this.#living].filter(({ record }) => record.doing !== 'starting');
    while (performance.now() < deadline && this.errors.length === 0) {
      while (this.#living.size < LIVING) this.#start();
      const came = await until(() => ready().length === LIVING && this.#dying.size < MOST_DYING);
      if (!came) throw new Error(`no replacement attached: ${this.#doings()}`);
      await pause(this.random(25));
      const victim = ready()[this.random(LIVING)];
      if (victim === undefined) continue;
      await this.#end(victim);
    }
  }

  /** @param {Life} victim */
  async #end(victim) {
    const { worker, record } = victim;
    const how = /** @type {How} */ (this.random(2) === 0 ? 'plain' : 'asked');
    if (this.random(100) < NEVER_YIELDS[how]) {
      record.command = this.#command(how);
      await until(() => record.obeyed, 1000);
      await pause(this.random(10));
    }
    const ended = navigator.locks.request(this.#lock(record.worker), () => {
      this.msToEnd[how].push(this.clock.ended(record));
      this.#dying.delete(victim);
      const died = this.died[how];
      died[record.doing] = (died[record.doing] ?? 0) + 1;
      // One that was closing its connection may have done so.
      if (record.connected && record.doing !== 'closing') this.connected++;
    });
    ended.catch((error) => this.errors.push(`the lock of worker ${record.worker}: ${error}`));
    this.#living.delete(victim);
    this.#dying.add(victim);
    this.mostDying = Math.max(this.mostDying, this.#dying.size);
    this.deaths++;
    this.clock.called(record, how);
    if (how === 'plain') worker.terminate();
    else {
      record.setTerminated();
      terminate(this.args.runtime, worker.worker).then(
        (count) => {
          this.stoppedThemselves += count;
        },
        (error) => this.errors.push(`${error.stack}`),
      );
    }
  }

  /**
   * Every other one goes on as before, only without a pause.
   *
   * @param {How} how
   */
  #command(how) {
    if (this.random(2) === 0) return 'never yield';
    // One that spins in JavaScript looks at nothing that terminate() asks for.
    const spins = COMMANDS.slice(2, how === 'plain' ? undefined : -1);
    return spins[this.random(spins.length)] ?? 'never yield';
  }

  /** To be called every few milliseconds. */
  poll() {
    this.clock.poll();
    if (this.#polls++ % 20 !== 0) return;
    const { connections, writeAhead } = diagnostics(this.args.runtime);
    const attached = connections.filter(({ state }) => state !== 'attaching');
    this.mostConnections = Math.max(this.mostConnections, attached.length);
    this.mostLogBytes = Math.max(this.mostLogBytes, writeAhead.bytes);
    if (this.#polls % 6000 === 1) {
      console.log(`[kill] ${this.deaths} deaths, ${this.commits} commits, ${this.#doings()}`);
    }
  }

  /** Commits that were acknowledged. */
  get commits() {
    return this.records.reduce((sum, { commits }) => sum + commits, 0);
  }

  /** @param {'reads' | 'checks'} what */
  sum(what) {
    return this.records.reduce((sum, record) => sum + record[what], 0);
  }

  #doings() {
    const of = (/** @type {Set<Life>} */ lives) => [...lives].map(({ record }) => record.doing);
    return `living: ${of(this.#living).join(', ')}; dying: ${of(this.#dying).join(', ')}`;
  }

  /** Whether all that were called have ended. */
  ended() {
    return until(() => this.#dying.size === 0);
  }

  /** Lets the living stop by themselves; whether they did. */
  async stop() {
    this.args.ledger.stop();
    const all = Promise.allSettled([...this.#living].map(({ life }) => life)).then(() => true);
    const inTime = await Promise.race([all, pause(LIMIT_MS).then(() => false)]);
    return inTime && this.errors.length === 0;
  }

  terminate() {
    for (const { worker } of [...this.#living, ...this.#dying]) worker.terminate();
  }
}
