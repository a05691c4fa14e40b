// @ts-check
// One worker of the dashboard: a connection of its own, and one transaction after the other, until it
// is told something else. It lets its event loop run between them, as an app's worker does.
import { open } from '../../dist/index.js';
import { Board } from './board.js';
import { WorkerRecord } from './record.js';
import { isWhole, prepareReader, prepareWriter } from './workload.js';

/**
 * @typedef {object} Task
 * @property {import('../../dist/index.js').Runtime} runtime
 * @property {WebAssembly.Module} wasmModule
 * @property {{ buffer: SharedArrayBuffer, origin: number }} board
 * @property {SharedArrayBuffer} record
 * @property {number} writer its number on the board; none of a reader
 * @property {'reader' | 'writer'} role
 * @property {string} lock the name of the Web Lock that the worker holds as long as it lives
 */

/** A writer looks at its commands at least so often. */
const LOCK_TIMEOUT_MS = 250;
/** Without a pause, how long the event loop may stand still. */
const LONGEST_TURN_MS = 4;
const HELD_LOOK_MS = 5;
const ENDLESS = `with recursive n (i) as (select 1 union all select i + 1 from n)
                 select max(i) from n`;
/** What another worker's transaction may cause; the next attempt may succeed. */
const PASSING = ['SQLITE_BUSY', 'SQLITE_BUSY_SNAPSHOT', 'SQLITE_FULL'];

const channel = new MessageChannel();

/** Lets the event loop run. */
function turn() {
  return new Promise((resolve) => {
    channel.port1.onmessage = () => resolve(undefined);
    channel.port2.postMessage(0);
  });
}

/** @param {number} ms */
async function pause(ms) {
  if (ms > 0) await new Promise((resolve) => setTimeout(resolve, ms));
  // A timer that is set in a message's turn is not drawn out to 4 ms, as nested ones are.
  await turn();
}

class Life {
  #turned = performance.now();

  /**
   * @param {Task} task
   * @param {import('../../dist/index.js').Database} db
   * @param {Board} board
   * @param {WorkerRecord} record
   */
  constructor({ writer, role }, db, board, record) {
    this.number = writer;
    this.db = db;
    this.board = board;
    this.record = record;
    this.step = role === 'writer' ? this.writer() : this.reader();
  }

  async run() {
    while (this.record.command !== 'stop') {
      try {
        await this.step();
      } catch (error) {
        if (!this.#isPassing(error)) throw error;
        if (this.db.inTransaction) this.db.exec('rollback');
        this.record.countRefused();
      }
      await this.#pause();
    }
    this.db.close();
  }

  /** @param {unknown} error */
  #isPassing(error) {
    return PASSING.includes(String(/** @type {{ code?: unknown }} */ (error).code));
  }

  async #pause() {
    const { pauseMs } = this.board;
    if (pauseMs === 0 && performance.now() - this.#turned < LONGEST_TURN_MS) return;
    // One that waits for a lock goes on waiting as far as anybody can see.
    if (this.record.doing !== 'waiting') this.record.enter('pausing');
    await pause(pauseMs);
    this.#turned = performance.now();
  }

  /** Keeps a transaction open for as long as it is told. */
  async #hold() {
    const { record } = this;
    if (record.command === 'compute') {
      record.enter('computing');
      this.db.exec(ENDLESS);
    }
    if (record.command !== 'hold') return;
    record.enter('holding');
    while (record.command === 'hold' || record.command === 'die') await pause(HELD_LOOK_MS);
  }

  writer() {
    const { number, board, record, db } = this;
    const { begin, write, commit } = prepareWriter(db, number);
    return async () => {
      if (record.doing !== 'waiting') record.enter('waiting');
      begin.run();
      record.enter('writing');
      write(board.acknowledged(number) + 1);
      await this.#hold();
      record.enter('committing');
      commit.run();
      board.acknowledge(number);
      record.countCommit();
      record.enter('pausing');
    };
  }

  reader() {
    const { board, record, db } = this;
    const look = prepareReader(db);
    /** Looks at the commits of any worker, also one that is no more. */
    const compare = () => {
      const writer = Math.floor(Math.random() * board.writers);
      const acknowledged = board.acknowledged(writer);
      record.countRead(isWhole(look(writer), acknowledged));
    };
    return async () => {
      record.enter('reading');
      if (record.command === 'hold') {
        db.exec('begin');
        compare();
        await this.#hold();
        db.exec('commit');
      } else compare();
      record.enter('pausing');
    };
  }
}

/**
 * Takes a Web Lock that is never given up: it comes free when the browser has ended the worker. Where there
 * are none the worker does without.
 *
 * @param {string} lock
 * @returns {Promise<void>}
 */
function holdForLife(lock) {
  return new Promise((resolve) => {
    const held = () => new Promise(() => resolve());
    if (navigator.locks) navigator.locks.request(lock, held).catch(() => resolve());
    else resolve();
  });
}

/** @param {Task} task */
async function live(task) {
  const board = new Board(task.board.buffer, task.board.origin);
  const record = new WorkerRecord(board, task.record);
  await holdForLife(task.lock);
  const { runtime, wasmModule } = task;
  const db = await open(runtime, { timeout: LOCK_TIMEOUT_MS, wasmModule });
  record.connection = db.connectionId;
  try {
    await new Life(task, db, board, record).run();
  } catch (error) {
    // It was asked to stop by terminate(), and will be ended.
    if (record.command !== 'die') throw error;
    await new Promise(() => {});
  }
}

globalThis.addEventListener('message', async (/** @type {MessageEvent<Task>} */ { data }) => {
  try {
    await live(data);
    postMessage({ stopped: true });
  } catch (error) {
    const { code = '' } = /** @type {{ code?: string }} */ (error);
    postMessage({ error: `${code} ${error instanceof Error ? error.stack : error}` });
  }
});
