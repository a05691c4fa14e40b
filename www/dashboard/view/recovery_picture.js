// @ts-check
// The picture of a recovery: a lane for each worker on one time axis, with the moments that were
// measured across all of them.
import { h } from '../../view/dom.js';
import { count, duration } from './format.js';
import { strip } from './strip.js';

/**
 * @typedef {import('../recovery.js').Recovery} Recovery
 */

const TICKS = [10, 20, 50, 100, 200, 500, 1000, 2000];
const MOST_TICKS = 8;
const MOST_TICKS_ON_A_PHONE = 3;

/** @param {Recovery} recovery */
export function recoveryPicture({ name, commitMs, picture }) {
  const { from, to, lanes } = picture;
  const place = (/** @type {number} */ ms) => `${((ms - from) / (to - from)) * 100}%`;
  const element = h('div', { class: 'recovery-picture', 'aria-hidden': 'true' });
  const over = h('div', { class: 'over' });
  const outage = h('div', { class: 'outage' });
  outage.style.left = place(0);
  outage.style.right = `calc(100% - ${place(commitMs ?? to)})`;
  over.append(outage);
  const moment = (/** @type {string} */ kind, /** @type {number | undefined} */ ms) => {
    if (ms === undefined) return;
    const line = h('div', { class: `moment ${kind}` });
    line.style.left = place(ms);
    over.append(line);
  };
  moment('kill', 0);
  moment('commit', commitMs);
  for (const lane of lanes) {
    const drawn = strip();
    drawn.draw(lane.stretches);
    if (lane.killed) drawn.element.classList.add('killed');
    const label = lane.killed ? `${lane.name} †` : lane.name;
    element.append(h('span', { class: 'name' }, label), drawn.element);
  }
  const kill = h('span', { class: 'label kill' }, `${name} killed`);
  kill.style.right = `calc(100% - ${place(0)})`;
  const commit = h('span', { class: 'label commit' }, `next commit +${duration(commitMs)}`);
  // So that it does not run out of the picture.
  commit.style.left = `min(${place(commitMs ?? to)}, calc(100% - 9.5rem))`;
  const labels = h('div', { class: 'labels' }, kill, ...(commitMs === undefined ? [] : [commit]));
  element.prepend(h('span'), labels);
  element.append(h('span'), axis(from, to, place), over);
  return element;
}

/**
 * @param {number} from
 * @param {number} to
 * @param {(ms: number) => string} place
 */
function axis(from, to, place) {
  const onPhone = matchMedia('(max-width: 40rem)').matches;
  const most = onPhone ? MOST_TICKS_ON_A_PHONE : MOST_TICKS;
  const step = TICKS.find((one) => (to - from) / one <= most) ?? 5000;
  const element = h('div', { class: 'ticks' });
  for (let ms = Math.ceil(from / step) * step; ms <= to; ms += step) {
    const tick = h('span', {}, ms === 0 ? '0' : `${ms > 0 ? '+' : '−'}${Math.abs(ms)} ms`);
    tick.style.left = place(ms);
    element.append(tick);
  }
  return element;
}

const HOW = { plain: 'worker.terminate()', asked: 'terminate(runtime, worker)' };
const MIDDLE = { hold: 'idle in its transaction', compute: 'busy in a statement' };

/** What was measured, as a sentence. @param {Recovery} recovery */
export function sentence({ name, heldMs, commitMs, commitBy, reapedMs }) {
  const went =
    commitMs === undefined
      ? 'no other worker committed in time'
      : `${commitBy} committed ${duration(commitMs)} later`;
  return `${name} was killed after it had held WRITE for ${duration(heldMs)}: ${went}; its slot was free after ${duration(reapedMs)}.`;
}

/** Whether anything was lost. @param {Recovery} recovery */
export function account({ acknowledged, found, whole, name }) {
  return whole
    ? `All ${count(found)} commits that ${name} had seen return are in the table, and nothing of the transaction that it left open.`
    : `${name} had seen ${count(acknowledged)} commits return, and the table has ${count(found)}: that must not be.`;
}

/** One line of the list of all kills. @param {Recovery} recovery */
export function row({ name, how, middle, endedMs, freedMs, reapedMs, commitMs, whole }) {
  const figures = [commitMs, freedMs, reapedMs, endedMs].map((ms) =>
    h('td', { class: 'number' }, duration(ms)),
  );
  return h(
    'tr',
    {},
    h('th', { scope: 'row' }, name),
    h('td', {}, h('code', {}, HOW[how])),
    h('td', {}, MIDDLE[middle]),
    ...figures,
    h('td', { class: whole ? 'good' : 'bad' }, whole ? 'nothing lost' : 'LOST'),
  );
}

export const COLUMNS = ['Next commit', 'WRITE free', 'Slot free', 'Worker ended'];
