// @ts-check
// The kill test: four workers read and write all the time, one after the other is ended in the
// middle of it, as fast as others can take their places. No row is lost whose commit was
// acknowledged, every snapshot is whole, and nobody waits long for what a dead worker held.
import { createRuntime, diagnostics, open } from 'sharedwal';
import { DOINGS, KillLedger } from './support/kill_ledger.js';
import { LIVING, MOST_DYING, Population, until } from './support/kill_population.js';
import { Report } from './support/report.js';
import { pause } from './support/signals.js';
import { percentiles } from './support/stall_clock.js';

const ACCOUNTS = 200;
const BALANCE = 1000;

/** The aims in ms; a machine that is busy with other things is given ten times that. */
const STALL_MS = 250;
const ASKED_P99_MS = 50;
const NOISE = 10;

/** The log's high-water mark is 64 MiB of pages; readers who die slowly may add as much again. */
const MOST_LOG_BYTES = 192 * 2 ** 20;
/**
 * Memory of the page and its workers, shared bytes counted for each; each of some 500 that stayed
 * would add more than 1 MiB.
 */
const MOST_MORE_BYTES = 400 * 2 ** 20;
/** A slot is free so long after its connection died while it was being opened, and some more. */
const ATTACH_MS = 60_000;

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

/** What the page and its workers use after a collection of garbage, where an engine tells that. */
async function memoryBytes() {
  const { measureUserAgentSpecificMemory: measure } =
    /** @type {{ measureUserAgentSpecificMemory?: () => Promise<{ bytes: number }> }} */ (
      /** @type {unknown} */ (performance)
    );
  return (await measure?.call(performance))?.bytes;
}

class KillTest {
  /**
   * @param {Report} report
   * @param {number} seconds
   * @param {number} seed
   */
  constructor(report, seconds, seed) {
    this.report = report;
    this.seconds = seconds;
    this.seed = seed;
    this.runtime = createRuntime({ name: 'kill' });
  }

  async run() {
    console.log(`[kill] seed ${this.seed}, ${this.seconds} s`);
    const wasm = new URL('../../dist/sharedwal.wasm', import.meta.url);
    const wasmModule = await WebAssembly.compileStreaming(fetch(wasm));
    await this.#create(wasmModule);
    const script = await fetch('/bundled/tests/pages/workers/kill_worker.js');
    if (!script.ok) throw new Error(`no worker: HTTP status ${script.status}`);
    const population = new Population({
      runtime: this.runtime,
      ledger: new KillLedger(100 + Math.ceil(this.seconds * 40)),
      seed: this.seed,
      script: URL.createObjectURL(await script.blob()),
      task: { wasmModule, accounts: ACCOUNTS, total: ACCOUNTS * BALANCE },
    });
    const start = performance.now();
    const polling = setInterval(() => population.poll(), 5);
    const early = pause(this.seconds * 250).then(() => memoryBytes());
    try {
      await population.kill(start + this.seconds * 1000);
      const rate = (1000 * population.deaths) / (performance.now() - start);
      if (this.seconds >= 60) this.#memory(await early, await memoryBytes());
      await this.#finish(population);
      await this.#verify(population, wasmModule);
      this.#measure(population, rate);
    } finally {
      clearInterval(polling);
      population.terminate();
    }
  }

  /**
   * @param {number | undefined} early after a quarter of the time
   * @param {number | undefined} late
   */
  #memory(early, late) {
    if (early === undefined || late === undefined) return;
    this.report.below('bytes that are in use later', late, early + MOST_MORE_BYTES);
    this.report.figures.memoryMiB = [early, late].map((bytes) => Math.round(bytes / 2 ** 20));
  }

  /** @param {WebAssembly.Module} wasmModule */
  async #create(wasmModule) {
    const db = await open(this.runtime, { wasmModule });
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

  /** @param {Population} population */
  async #finish(population) {
    const { report } = this;
    const { clock } = population;
    report.equal('no worker met an error', population.errors, []);
    report.check('every victim was really ended', await population.ended());
    report.check(
      'after every death somebody commits',
      await until(() => clock.unsettled.length === 0),
      `not after ${clock.unsettled} ms`,
    );
    report.check('the living stop by themselves', await population.stop());
  }

  /**
   * What was committed is there, and whole; what the dead had is not taken any more.
   *
   * @param {Population} population
   * @param {WebAssembly.Module} wasmModule
   */
  async #verify(population, wasmModule) {
    const { report, runtime } = this;
    const db = await open(runtime, { wasmModule });
    report.equal('integrity', db.pragma('integrity_check', { simple: true }), 'ok');
    const rows = db.prepare('select count(*), max(n) from rows where worker = ?').raw();
    const lost = population.records.flatMap(({ worker, commits }) => {
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
    report.atLeast('reads', population.sum('reads'), this.seconds * 10);

    await this.#slots();
    const { counters, database } = diagnostics(runtime);
    report.check(
      'every death of a connection was counted',
      counters.deaths >= population.connected && counters.deaths <= population.deaths,
      `${counters.deaths}, ${population.connected} to ${population.deaths} expected`,
    );
    report.below('connections at a time', population.mostConnections, LIVING + MOST_DYING + LIVING);
    report.below('bytes of the log', population.mostLogBytes, MOST_LOG_BYTES);
    report.below('bytes of the database', database.bytes, 2 ** 20 + inAll * 64);
    Object.assign(report.figures, {
      commits: inAll,
      logMiB: Math.round(population.mostLogBytes / 2 ** 20),
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
    const all = await until(() => slots().length === 1, ATTACH_MS);
    this.report.check('nor one that died while it was being opened', all, told());
  }

  /**
   * @param {Population} population
   * @param {number} rate deaths a second
   */
  #measure(population, rate) {
    const { report } = this;
    const { clock } = population;
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
    const stopped = population.stoppedThemselves / population.msToEnd.asked.length;
    report.atLeast('share of those that stopped when they were asked', stopped, 0.25);
    report.atLeast('deaths a second', rate, 5);
    report.atLeast('and at most so many at once', MOST_DYING, population.mostDying);
    Object.assign(report.figures, {
      seed: this.seed,
      deaths: population.deaths,
      deathsPerSecond: Math.round(rate * 10) / 10,
      reads: population.sum('reads'),
      integrityChecks: population.sum('checks'),
      mostDying: population.mostDying,
      diedWhile: Object.fromEntries(
        DOINGS.slice(1).map((doing) => [
          doing,
          [population.died.plain[doing] ?? 0, population.died.asked[doing] ?? 0],
        ]),
      ),
      msToRealEnd: {
        plain: percentiles(population.msToEnd.plain),
        asked: percentiles(population.msToEnd.asked),
      },
      msToNextCommit: times,
      longestWaitMs: clock.longestWaitMs,
      stoppedThemselves: population.stoppedThemselves,
      behindAnother: clock.behindAnother,
    });
  }
}
