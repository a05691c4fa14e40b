// @ts-check
// Looks at the runtime and the workers a few times a second, and keeps the figures of the last minute.
import { diagnostics } from '../../dist/index.js';

/** @typedef {import('./population.js').Member} Member */

/**
 * @typedef {object} Sample
 * @property {number} at ms, on the board's clock
 * @property {number} reads per second
 * @property {number} commits per second
 * @property {number} frames in the write-ahead log
 * @property {number} checkpoints since the runtime was created
 */

/** How far back the figures go, in ms. */
export const KEPT_MS = 60_000;
/** Paces are taken over so long. */
const PACE_MS = 1000;

/** What was counted at some moments, for its pace. */
class Pace {
  /** @type {{ at: number, count: number }[]} */
  #counts = [];

  /**
   * @param {number} at
   * @param {number} count
   * @returns {number} how much of it there is in a second
   */
  add(at, count) {
    this.#counts.push({ at, count });
    while (this.#counts.length > 2 && (this.#counts[1]?.at ?? at) < at - PACE_MS) {
      this.#counts.shift();
    }
    const first = this.#counts[0];
    return first && at > first.at ? ((count - first.count) * 1000) / (at - first.at) : 0;
  }
}

export class Sampler {
  /** @type {Sample[]} */
  samples = [];
  #reads = new Pace();
  #commits = new Pace();
  /** @type {WeakMap<Member, Pace>} */
  #members = new WeakMap();

  /** @param {import('./population.js').Population} population */
  constructor(population) {
    this.population = population;
  }

  look() {
    const { board, runtime, members } = this.population;
    const at = board.now();
    const told = diagnostics(runtime);
    const paces = new Map([...members].map((member) => [member, this.#paceOf(member, at)]));
    this.samples.push({
      at,
      reads: this.#reads.add(at, this.population.sum('reads')),
      commits: this.#commits.add(at, told.counters.commits),
      frames: told.writeAheadFrames,
      checkpoints: told.counters.checkpoints,
    });
    while ((this.samples[0]?.at ?? at) < at - KEPT_MS) this.samples.shift();
    return { at, told, paces };
  }

  /**
   * @param {Member} member
   * @param {number} at
   */
  #paceOf(member, at) {
    const pace = this.#members.get(member) ?? new Pace();
    this.#members.set(member, pace);
    const { role, record, writer } = member;
    const done = role === 'writer' ? this.population.board.acknowledged(writer) : record.reads;
    return pace.add(at, done);
  }
}
