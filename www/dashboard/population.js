// @ts-check
// The dashboard's workers: so many readers and so many writers, as the sliders say.
import { compileWasm, open, share, terminate } from '../../dist/index.js';
import { WorkerRecord } from './record.js';
import { SCHEMA } from './workload.js';

/**
 * @typedef {import('../../dist/index.js').Runtime} Runtime
 * @typedef {'reader' | 'writer'} Role
 * @typedef {object} Member
 * @property {string} name
 * @property {Role} role
 * @property {number} writer its number on the board; -1 for a reader
 * @property {Worker} worker
 * @property {WorkerRecord} record
 * @property {string} lock the Web Lock that it holds as long as it lives
 * @property {boolean} leaving it was told to stop, or is being killed
 */

/** How long one that was told to stop may finish what it does. */
const GRACE_MS = 1000;

export class Population {
  /** All that may still run, in the order in which they were started. @type {Set<Member>} */
  members = new Set();
  /** Reads of those that are gone. */
  #past = { reads: 0, wrong: 0, refused: 0 };
  /** @type {Record<Role, number>} */
  #wanted = { reader: 0, writer: 0 };
  #started = { reader: 0, writer: 0 };
  ended = false;

  /**
   * @param {Runtime} runtime
   * @param {import('./board.js').Board} board
   * @param {WebAssembly.Module} wasmModule
   * @param {(error: Error) => void} onError what a worker fails with
   */
  constructor(runtime, board, wasmModule, onError) {
    this.runtime = runtime;
    this.board = board;
    this.wasmModule = wasmModule;
    this.onError = onError;
  }

  /**
   * @param {Runtime} runtime
   * @param {import('./board.js').Board} board
   * @param {(error: Error) => void} onError
   */
  static async create(runtime, board, onError) {
    const wasmModule = await compileWasm();
    const db = await open(runtime, { wasmModule });
    db.exec(SCHEMA);
    db.close();
    return new Population(runtime, board, wasmModule, onError);
  }

  /**
   * Starts or stops workers until there are so many.
   *
   * @param {Role} role
   * @param {number} count
   */
  want(role, count) {
    this.#wanted[role] = count;
    this.fill();
  }

  /** Starts workers in the place of those that are gone, and stops those that are too many. */
  fill() {
    if (this.ended) return;
    for (const role of /** @type {const} */ (['reader', 'writer'])) {
      const present = this.staying(role);
      for (let i = present.length; i < this.#wanted[role]; i++) this.#start(role);
      for (const member of present.slice(this.#wanted[role])) this.#stop(member);
    }
  }

  /**
   * Those of a role that nobody has told to go.
   *
   * @param {Role} role
   */
  staying(role) {
    return [...this.members].filter((member) => member.role === role && !member.leaving);
  }

  /** @param {Role} role */
  #start(role) {
    const number = ++this.#started[role];
    const name = `${role} ${number}`;
    const worker = new Worker(new URL('./worker.js', import.meta.url), { type: 'module', name });
    const record = new WorkerRecord(this.board);
    const lock = `dashboard:${this.runtime.id}:${name}`;
    const writer = role === 'writer' ? this.board.nextWriter() : -1;
    /** @type {Member} */
    const member = { name, role, writer, worker, record, lock, leaving: false };
    this.members.add(member);
    const failed = (/** @type {string} */ why) => {
      this.remove(member);
      this.onError(new Error(`${name}: ${why}`));
    };
    worker.addEventListener('error', ({ message }) => failed(message ?? 'it could not start'));
    worker.addEventListener('message', ({ data }) => {
      if (data.error && !member.leaving) failed(data.error);
      else this.remove(member);
    });
    worker.postMessage({
      runtime: share(this.runtime, worker),
      wasmModule: this.wasmModule,
      board: { buffer: this.board.buffer, origin: this.board.origin },
      record: record.buffer,
      ...{ writer, role, lock },
    });
  }

  /** @param {Member} member */
  #stop(member) {
    member.leaving = true;
    member.record.command = 'stop';
    setTimeout(() => {
      if (!this.members.has(member)) return;
      void terminate(this.runtime, member.worker);
      this.remove(member);
    }, GRACE_MS);
  }

  /**
   * Forgets a worker that has nothing to do with the database any more, or is being ended.
   *
   * @param {Member} member
   */
  remove(member) {
    if (!this.members.delete(member)) return;
    member.leaving = true;
    member.worker.terminate();
    this.#past.reads += member.record.reads;
    this.#past.wrong += member.record.wrong;
    this.#past.refused += member.record.refused;
  }

  /**
   * What all have done, those that are gone included.
   *
   * @param {'reads' | 'wrong' | 'refused'} what
   */
  sum(what) {
    return [...this.members].reduce((sum, { record }) => sum + record[what], this.#past[what]);
  }

  /**
   * Whose connection it is. It has one for a moment before it tells of it, and after it was removed.
   *
   * @param {number} connection
   */
  nameOf(connection) {
    const member = [...this.members].find(({ record }) => record.connection === connection);
    return member?.name ?? 'a worker that starts or ends';
  }

  end() {
    this.ended = true;
    for (const member of this.members) this.remove(member);
  }
}
