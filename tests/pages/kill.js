// @ts-check
// The kill test: four workers read and write all the time, one after the other is ended in the
// middle of it, as fast as others can take their places. No row is lost whose commit was
// acknowledged, every snapshot is whole, and nobody waits long for what a dead worker held.
import { createRuntime, diagnostics, open, share, terminate } from 'sharedwal';
import { COMMANDS, DOINGS, KillLedger } from './support/kill_ledger.js';
import { randomNumbers } from './support/random.js';
import { Report } from './support/report.js';
import { pause } from './support/signals.js';
import { percentiles, StallClock } from './support/stall_clock.js';
import { TaskWorker } from './support/task_worker.js';

/**
 * @typedef {import('sharedwal').Runtime} Runtime
 * @typedef {import('./support/stall_clock.js').How} How
 * @typedef {{ worker: TaskWorker, record: import('./support/kill_ledger.js').WorkerRecord, life: Promise<unknown> }} Life
 */

const LIVING = 4;
const MOST_DYING = 16;
const ACCOUNTS = 200;
const BALANCE = 1000;

/** Of a hundred that are ended by `worker.terminate()`, and by `terminate(runtime, worker)`. */
const NEVER_YIELDS = { plain: 10, asked: 20 };

/** The aims in ms; a machine that is busy with other things is given ten times that. */
const STALL_MS = 250;
const ASKED_P99_MS = 50;
const NOISE = 10;

/** The log's high-water mark is 64 MiB of pages; readers who die slowly may add as much again. */
const MOST_LOG_BYTES = 192 * 2 ** 20;
const LIMIT_MS = 30_000;
/** A slot is free so long after its connection died while it was being opened. */
const ATTACH_MS = 30_000;

/** @param {{ quick?: string, seed?: string, seconds?: string }} [params] */
export async function run({ quick, seed, seconds } = {}) {
  const report = new Report();
  const test = new KillTest(
    report,
    Number(seconds ?? (quick ? 10 : 60)),
    Number(seed ?? Date.now() % 2 ** 32),
  );
  await report.part(`seed ${test.seed}`, () => test.run());
  return report.result();
}

/**
 * @param {() => boolean} holds
 * @param {number} limitMs
 * @returns {Promise<boolean>} whether it held in time
 */
async function until(holds, limitMs = LIMIT_MS) {
  const start = performance.now();
  while (!holds()) {
    if (performance.now() - start > limitMs) return false;
    await pause(2);
  }
  return true;
}

class KillTest {
  /** @type {Set<Life>} */
  #living = new Set();
  /** @type {Set<Life>} */
  #dying = new Set();
  /** @type {import('./support/kill_ledger.js').WorkerRecord[]} */
  #records = [];
  /** @type {string[]} */
  #errors = [];
  /** How many were ended in what way while they did what. @type {Record<How, Record<string, number>>} */
  #died = { plain: {}, asked: {} };
  /** Deaths of connections, at the least. */
  #connected = 0;
  #deaths = 0;
  #stoppedThemselves = 0;
  #mostDying = 0;
  #mostConnections = 0;
  #mostLogBytes = 0;
  /** @type {Record<How, number[]>} */
  #toEnd = { plain: [], asked: [] };

  /**
   * @param {Report} report
   * @param {number} seconds
   * @param {number} seed
   */
  constructor(report, seconds, seed) {
    this.report = report;
    this.seconds = seconds;
    this.seed = seed;
    this.random = randomNumbers(seed);
    this.ledger = new KillLedger(100 + Math.ceil(seconds * 40));
    this.clock = new StallClock(this.ledger);
    this.runtime = createRuntime({ name: 'kill' });
  }

  async run() {
    console.log(`[kill] seed ${this.seed}, ${this.seconds} s`);
    const wasm = new URL('../../dist/wasm/sharedwal_js_bg.wasm', import.meta.url);
    this.wasmModule = await WebAssembly.compileStreaming(fetch(wasm));
    const script = await fetch('/bundled/tests/pages/workers/kill_worker.js');
    if (!script.ok) throw new Error(`no worker: HTTP status ${script.status}`);
    this.script = URL.createObjectURL(await script.blob());
    await this.#create();
    const start = performance.now();
    const polling = setInterval(() => this.#poll(), 5);
    try {
      await this.#kill(start + this.seconds * 1000);
      const seconds = (performance.now() - start) / 1000;
      await this.#finish(this.#deaths / seconds);
    } finally {
      clearInterval(polling);
      for (const { worker } of [...this.#living, ...this.#dying]) worker.terminate();
    }
  }

  async #create() {
    const db = await open(this.runtime, { wasmModule: this.wasmModule });
    db.exec(`
      create table accounts (id integer primary key, balance integer, filling blob);
      create table rows (worker integer, n integer, primary key (worker, n)) without rowid;
      create table version (n integer);
      insert into version values (0)`);
    const insert = db.prepare('insert into accounts values (?, ?, randomblob(400))');
    db.transaction(() => {
      for (let id = 0; id < ACCOUNTS; id++) insert.run(id, BALANCE);
    })();
    // This context has no connection from here on: it only watches over those of others.
    db.close();
  }

  #start() {
    const index = this.#records.length;
    const record = this.ledger.record(index);
    this.#records.push(record);
    const worker = new TaskWorker(`worker ${index}`, this.script);
    const lock = `kill:${this.runtime.id}:${index}`;
    const { workers, buffer, origin } = this.ledger;
    const life = worker.run('kill_tasks', 'live', {
      runtime: share(this.runtime, worker.worker),
      wasmModule: this.wasmModule,
      ledger: { workers, buffer, origin },
      index,
      seed: this.seed + index,
      lock,
      accounts: ACCOUNTS,
      total: ACCOUNTS * BALANCE,
    });
    life.catch((error) => this.#errors.push(`worker ${index}, ${record.doing}: ${error.stack}`));
    this.clock.started(record);
    this.#living.add({ worker, record, life });
  }

  /** @param {number} deadline */
  async #kill(deadline) {
    const ready = () => [...this.#living].filter(({ record }) => record.doing !== 'starting');
    while (performance.now() < deadline && this.#errors.length === 0) {
      while (this.#living.size < LIVING) this.#start();
      const came = await until(() => ready().length === LIVING && this.#dying.size < MOST_DYING);
      if (!came) throw new Error(`no replacement attached: ${this.#doings()}`);
      await pause(this.random(40));
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
    const ended = navigator.locks.request(`kill:${this.runtime.id}:${record.worker}`, () => {
      this.#toEnd[how].push(this.clock.ended(record));
      this.#dying.delete(victim);
      const died = this.#died[how];
      died[record.doing] = (died[record.doing] ?? 0) + 1;
      if (record.connected) this.#connected++;
    });
    ended.catch((error) => this.#errors.push(`the lock of worker ${record.worker}: ${error}`));
    this.#living.delete(victim);
    this.#dying.add(victim);
    this.#mostDying = Math.max(this.#mostDying, this.#dying.size);
    this.#deaths++;
    this.clock.called(record, how);
    if (how === 'plain') worker.terminate();
    else {
      record.setTerminated();
      terminate(this.runtime, worker.worker).then(
        (count) => {
          this.#stoppedThemselves += count;
        },
        (error) => this.#errors.push(`${error.stack}`),
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

  #polls = 0;

  #poll() {
    this.clock.poll();
    if (this.#polls++ % 20 !== 0) return;
    const { connections, writeAhead } = diagnostics(this.runtime);
    const attached = connections.filter(({ state }) => state !== 'attaching');
    this.#mostConnections = Math.max(this.#mostConnections, attached.length);
    this.#mostLogBytes = Math.max(this.#mostLogBytes, writeAhead.bytes);
    if (this.#polls % 6000 === 1) {
      console.log(`[kill] ${this.#deaths} deaths, ${this.#commits()} commits, ${this.#doings()}`);
    }
  }

  #commits() {
    return this.#records.reduce((sum, { commits }) => sum + commits, 0);
  }

  #doings() {
    const of = (/** @type {Set<Life>} */ lives) => [...lives].map(({ record }) => record.doing);
    return `living: ${of(this.#living).join(', ')}; dying: ${of(this.#dying).join(', ')}`;
  }

  /** @param {number} rate deaths a second */
  async #finish(rate) {
    const { report } = this;
    report.equal('no worker met an error', this.#errors, []);
    report.check('every victim was really ended', await until(() => this.#dying.size === 0));
    report.check(
      'after every death somebody commits',
      await until(() => this.clock.unsettled.length === 0),
      `not after ${this.clock.unsettled} ms`,
    );
    this.ledger.stop();
    report.check('the living stop by themselves', await this.#stopped());
    await this.#verify();
    this.#measure(rate);
  }

  async #stopped() {
    const all = Promise.allSettled([...this.#living].map(({ life }) => life)).then(() => true);
    const inTime = await Promise.race([all, pause(LIMIT_MS).then(() => false)]);
    for (const { worker } of this.#living) worker.terminate();
    return inTime && this.#errors.length === 0;
  }

  /** What was committed is there, and whole; what the dead had is not taken any more. */
  async #verify() {
    const { report, runtime } = this;
    const db = await open(runtime, { wasmModule: this.wasmModule });
    report.equal('integrity', db.pragma('integrity_check', { simple: true }), 'ok');
    const rows = db.prepare('select count(*), max(n) from rows where worker = ?').raw();
    const lost = this.#records.flatMap(({ worker, commits }) => {
      const [count = 0, last = 0] = /** @type {number[]} */ (rows.get(worker)).map(Number);
      // It may have died between a commit and its acknowledgement.
      const right = count === last && last >= commits && last <= commits + 1;
      return right ? [] : [`worker ${worker}: ${commits} acknowledged, ${count} rows to ${last}`];
    });
    report.equal('no acknowledged row is lost, none is there without its commit', lost, []);
    const one = (/** @type {string} */ sql) => Number(db.prepare(sql).pluck().get());
    report.equal('the sum', one('select sum(balance) from accounts'), ACCOUNTS * BALANCE);
    const inAll = one('select count(*) from rows');
    report.equal('transactions are whole', one('select n from version'), inAll);
    report.atLeast('commits', inAll, this.seconds * 20);
    report.atLeast('reads', this.#sum('reads'), this.seconds * 10);

    await this.#slots();
    const { counters, database } = diagnostics(runtime);
    report.check(
      'every death of a connection was counted',
      counters.deaths >= this.#connected && counters.deaths <= this.#deaths,
      `${counters.deaths}, ${this.#connected} to ${this.#deaths} expected`,
    );
    report.below('connections at a time', this.#mostConnections, LIVING + MOST_DYING + LIVING);
    report.below('bytes of the log', this.#mostLogBytes, MOST_LOG_BYTES);
    report.below('bytes of the database', database.bytes, 2 ** 20 + inAll * 64);
    Object.assign(report.figures, {
      commits: inAll,
      logMiB: Math.round(this.#mostLogBytes / 2 ** 20),
      counters,
    });
    db.close();
  }

  /** Only this page's connection is left. Who died while it was being opened holds nothing. */
  async #slots() {
    const slots = () => diagnostics(this.runtime).connections;
    const attached = () => slots().filter(({ state }) => state !== 'attaching');
    const told = () =>
      JSON.stringify(slots().map(({ slot, state, locks }) => [slot, state, locks]));
    const freed = await until(() => attached().length === 1);
    this.report.check('no slot is leaked', freed, told());
    if (this.seconds < 60) return;
    const all = await until(() => slots().length === 1, ATTACH_MS + LIMIT_MS);
    this.report.check('nor one that died while it was being opened', all, told());
  }

  /** @param {'reads' | 'checks'} what */
  #sum(what) {
    return this.#records.reduce((sum, record) => sum + record[what], 0);
  }

  /** @param {number} rate */
  #measure(rate) {
    const { report, clock } = this;
    const times = Object.fromEntries(
      [...clock.times].sort().map(([name, list]) => [name, percentiles(list)]),
    );
    const longest = Math.max(
      clock.longestWaitMs,
      ...[...clock.times].filter(([name]) => /from the end/.test(name)).flatMap(([, list]) => list),
    );
    report.below('ms that a waiter stalls after a real end', longest, NOISE * STALL_MS);
    // The lock may also go to one that waited, and was ended meanwhile itself.
    const asked = ['asked, from the call', 'asked, from the call, to a dying one'];
    const { p99 } = percentiles(asked.flatMap((name) => clock.times.get(name) ?? []));
    report.below('p99 ms from terminate() on', p99, NOISE * ASKED_P99_MS);
    const stopped = this.#stoppedThemselves / this.#toEnd.asked.length;
    report.atLeast('share of those that stopped when they were asked', stopped, 0.25);
    report.atLeast('deaths a second', rate, 5);
    report.atLeast('and at most so many at once', MOST_DYING, this.#mostDying);
    Object.assign(report.figures, {
      seed: this.seed,
      deaths: this.#deaths,
      deathsPerSecond: Math.round(rate * 10) / 10,
      reads: this.#sum('reads'),
      integrityChecks: this.#sum('checks'),
      mostDying: this.#mostDying,
      diedWhile: Object.fromEntries(
        DOINGS.slice(1).map((doing) => [
          doing,
          [this.#died.plain[doing] ?? 0, this.#died.asked[doing] ?? 0],
        ]),
      ),
      msToRealEnd: {
        plain: percentiles(this.#toEnd.plain),
        asked: percentiles(this.#toEnd.asked),
      },
      msToNextCommit: times,
      longestWaitMs: clock.longestWaitMs,
      stoppedThemselves: this.#stoppedThemselves,
      behindAnother: clock.behindAnother,
    });
  }
}
