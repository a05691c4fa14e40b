// @ts-check
// Kills a writer in the middle of its transaction and measures what happens then, on the one clock of
// all contexts. It draws nothing.
import { diagnostics, open, terminate } from '../../dist/index.js';
import { cut, TRACE_MS } from './record.js';
import { isWhole, prepareReader } from './workload.js';

/**
 * @typedef {import('./population.js').Member} Member
 * @typedef {'plain' | 'asked'} How by `worker.terminate()`, or by `terminate(runtime, worker)`
 * @typedef {'hold' | 'compute'} Middle what it does in its transaction: it waits, or runs a statement
 * @typedef {object} Lane
 * @property {string} name
 * @property {'reader' | 'writer'} role
 * @property {boolean} killed
 * @property {import('./record.js').Stretch[]} stretches
 *
 * @typedef {object} Recovery times are in ms after the call that kills; undefined if it did not happen
 *   in time
 * @property {string} name of the worker
 * @property {How} how
 * @property {Middle} middle
 * @property {number} heldMs how long it had held WRITE by then
 * @property {number | undefined | null} endedMs the browser had really ended it; null where nobody can tell
 * @property {number | undefined} freedMs WRITE was seen free of it
 * @property {number | undefined} reapedMs its slot was seen free
 * @property {number | undefined} commitMs the next commit of another worker returned
 * @property {string} commitBy that worker
 * @property {number} acknowledged commits that the worker had seen return
 * @property {number} found those that are in the table
 * @property {boolean} whole whether all are there, and nothing of the open transaction
 * @property {{ from: number, to: number, lanes: Lane[] }} picture
 */

const BEGIN_LIMIT_MS = 10_000;
/** Longer than any browser lets a worker live on. */
const LIMIT_MS = 15_000;
/** How long the transaction is open before the kill, so that others are seen waiting. */
const HELD_MS = 400;
/** What is shown before and after is as long as the recovery itself, within these bounds. */
const SHORTEST_MS = 80;
const LONGEST_MS = 400;
const STRETCHES = 240;
const LOOKS = 100;

const channel = new MessageChannel();
/** @type {(() => void)[]} */
const turns = [];
channel.port1.onmessage = () => turns.shift()?.();

/** About a millisecond: a timer set in a message's turn is not drawn out as nested ones are. */
async function moment() {
  await new Promise((resolve) => setTimeout(resolve, 1));
  await new Promise((resolve) => {
    turns.push(() => resolve(undefined));
    channel.port2.postMessage(0);
  });
}

/**
 * @template T
 * @param {import('./population.js').Population} population
 * @param {() => T | undefined} look
 * @param {number} limitMs
 * @returns {Promise<T | undefined>} undefined if it did not come to it in time
 */
async function until(population, look, limitMs) {
  const end = performance.now() + limitMs;
  for (;;) {
    if (population.ended) throw new Error('the dashboard was left');
    const found = look();
    if (found !== undefined || performance.now() > end) return found;
    await moment();
  }
}

const pause = (/** @type {number} */ ms) => new Promise((resolve) => setTimeout(resolve, ms));

/**
 * @param {import('./population.js').Population} population
 * @param {Member} victim a writer
 * @param {{ how: How, middle: Middle }} choice
 * @param {(step: string) => void} onStep
 * @returns {Promise<Recovery>}
 */
export async function kill(population, victim, { how, middle }, onStep) {
  const { board, runtime } = population;
  const { record, name } = victim;
  const others = () => [...population.members].filter((member) => member !== victim);
  onStep(`${name} begins a transaction and keeps it open`);
  // A writer that was told to keep its own open would let the victim come to none.
  for (const { role, record } of others()) {
    if (role === 'writer' && record.command === 'hold') record.command = 'go on';
  }
  record.command = middle;
  const doing = middle === 'hold' ? 'holding' : 'computing';
  const holds = () => record.doing === doing && !victim.leaving;
  await until(population, () => holds() || victim.leaving || undefined, BEGIN_LIMIT_MS);
  if (holds()) await pause(HELD_MS);
  const isWatched = await isHeld(victim.lock);
  const id = record.connection;
  if (victim.leaving) throw new Error(`${name} left before it could be killed`);
  if (!holds() || id === undefined) {
    record.command = 'go on';
    throw new Error(`${name} came to no transaction`);
  }

  const heldMs = record.doingMs;
  const episode = board.nextEpisode();
  const acknowledged = board.acknowledged(victim.writer);
  victim.leaving = true;
  record.command = 'die';
  onStep(`${name} is killed`);
  const at = board.now();
  const since = () => board.now() - at;
  if (how === 'plain') victim.worker.terminate();
  else void terminate(runtime, victim.worker);
  // Nobody else may be there to go on.
  if (population.staying('writer').length === 0) population.fill();

  const ended = isWatched ? endOf(victim.lock, since) : null;
  /** @type {number | undefined} */
  let freedMs;
  const reaped = until(
    population,
    () => {
      const dead = diagnostics(runtime).connections.find((one) => one.id === id);
      if (!dead?.locks.some(({ name }) => name === 'WRITE')) freedMs ??= since();
      return dead === undefined ? since() : undefined;
    },
    LIMIT_MS,
  );
  const committed = until(
    population,
    () => {
      const times = others().map((member) => ({
        member,
        ms: member.record.firstCommitAfter(episode, at),
      }));
      const [first] = times
        .filter(({ ms }) => ms !== undefined)
        .sort((a, b) => (a.ms ?? 0) - (b.ms ?? 0));
      return first;
    },
    LIMIT_MS,
  );
  const [endedMs, reapedMs, commit] = await Promise.all([ended, reaped, committed]);
  // Whoever commits has WRITE, and may be faster than the page's look.
  if (commit?.ms !== undefined) freedMs = Math.min(freedMs ?? commit.ms, commit.ms);
  const took = since();
  const margin = Math.min(LONGEST_MS, Math.max(SHORTEST_MS, took));
  await pause(margin);

  const end = at + took + margin;
  const shown = cut(Math.max(at - margin, end - TRACE_MS), end, STRETCHES);
  const order = { writer: 0, reader: 1 };
  const living = others().sort((a, b) => order[a.role] - order[b.role]);
  const lanes = [victim, ...living].map((member) => ({
    name: member.name,
    role: member.role,
    killed: member === victim,
    stretches: member.record.spent(shown, member === victim ? at + (freedMs ?? 0) : undefined),
  }));
  population.remove(victim);
  population.fill();
  return {
    ...{ name, how, middle, heldMs, endedMs, freedMs, reapedMs, acknowledged },
    commitMs: commit?.ms,
    commitBy: commit?.member.name ?? '',
    ...(await commitsOf(population, victim.writer, acknowledged)),
    picture: { from: shown.from - at, to: shown.to - at, lanes },
  };
}

/**
 * Whether a worker holds its Web Lock: a browser may have none, or refuse them.
 *
 * @param {string} lock
 */
async function isHeld(lock) {
  const locks = await navigator.locks?.query().catch(() => undefined);
  return locks?.held?.some(({ name }) => name === lock) ?? false;
}

/**
 * When the browser has ended a worker: it frees its Web Locks then, and only then.
 *
 * @param {string} lock
 * @param {() => number} since
 * @returns {Promise<number | undefined>}
 */
function endOf(lock, since) {
  const signal = AbortSignal.timeout(LIMIT_MS);
  return navigator.locks.request(lock, { signal }, () => since()).catch(() => undefined);
}

/**
 * What the table has of a dead worker's commits: all that it saw return, and not the open one.
 *
 * @param {import('./population.js').Population} population
 * @param {number} writer
 * @param {number} acknowledged
 */
async function commitsOf({ runtime, wasmModule }, writer, acknowledged) {
  const db = await open(runtime, { readonly: true, wasmModule });
  try {
    const look = prepareReader(db);
    for (let tries = 1; ; tries++) {
      try {
        const found = look(writer);
        const whole = isWhole(found, acknowledged) && found.commits === acknowledged;
        return { found: found.commits, whole };
      } catch (error) {
        // The main thread cannot wait for a lock.
        if (tries === LOOKS) throw error;
        await moment();
      }
    }
  } finally {
    db.close();
  }
}
