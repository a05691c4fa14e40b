// @ts-check
// A lane for each worker: what it does now, how its last seconds were spent, what it holds, and what
// can be done with it.
import { h } from '../../view/dom.js';
import { disable } from '../../view/focus.js';
import { cut } from '../record.js';
import { count, duration } from './format.js';
import { strip } from './strip.js';
import { write } from './svg.js';

/**
 * @typedef {import('../population.js').Member} Member
 * @typedef {import('../../../dist/index.js').ConnectionDiagnostics} Connection
 * @typedef {ReturnType<typeof lane>} Lane
 */

/** How far a lane goes back, in ms. */
export const LANE_MS = 6000;
const STRETCHES = 200;
/** Less is not worth telling. */
const TOLD_MS = 50;

const DOES = {
  starting: 'starts',
  pausing: 'pauses',
  waiting: 'waits for WRITE',
  writing: 'writes',
  committing: 'commits',
  reading: 'reads',
  holding: 'keeps its transaction open',
  computing: 'runs an endless statement',
};

/**
 * @param {Member} member
 * @param {{ kill: (member: Member) => void }} actions
 */
function lane(member, { kill }) {
  const { name, role, record } = member;
  const [doing, pace, locks] = [
    h('span'),
    h('span', { class: 'pace' }),
    h('span', { class: 'locks' }),
  ];
  const time = strip();
  const hold = h('button', {
    type: 'button',
    'aria-pressed': 'false',
    'aria-label': `Hold a transaction of ${name} open`,
    click: () => {
      record.command = record.command === 'hold' ? 'go on' : 'hold';
      showHeld();
    },
  });
  hold.textContent = 'Hold';
  const showHeld = () => hold.setAttribute('aria-pressed', String(record.command === 'hold'));
  const killing = h('button', {
    type: 'button',
    'aria-label': `Kill ${name} in its transaction`,
    click: () => kill(member),
  });
  killing.textContent = 'Kill';
  const element = h(
    'li',
    { class: `lane ${role}`, 'data-worker': name },
    h('strong', { class: 'name' }, name),
    h('span', { class: 'doing' }, doing),
    time.element,
    pace,
    locks,
    h('span', { class: 'actions' }, hold, ...(role === 'writer' ? [killing] : [])),
  );
  return {
    element,
    /**
     * @param {number} at
     * @param {number} perSecond
     * @param {Connection | undefined} connection
     * @param {boolean} busy whether a kill is being measured
     */
    draw(at, perSecond, connection, busy) {
      const { command } = record;
      const ms = record.doingMs;
      const does =
        command === 'die' ? 'killed' : command === 'stop' ? 'is told to stop' : DOES[record.doing];
      write(doing, ms > TOLD_MS && command !== 'die' ? `${does}, ${duration(ms)}` : does);
      element.dataset.doing = record.doing;
      write(pace, `${count(perSecond)} ${role === 'writer' ? 'commits/s' : 'reads/s'}`);
      write(locks, heldBy(connection));
      showHeld();
      for (const button of [hold, killing]) disable(button, member.leaving || busy);
      time.draw(record.spent(cut(at - LANE_MS, at, STRETCHES)));
    },
  };
}

/**
 * The locks of a connection but for SHARED of the file, which all have as long as they are connected.
 *
 * @param {Connection | undefined} connection
 */
function heldBy(connection) {
  const held = (connection?.locks ?? [])
    .filter(({ name, exclusive }) => exclusive || name !== 'EXCLUSIVE')
    .map(({ name }) => name);
  return held.length > 0 ? held.join(' ') : '–';
}

/** Takes a lane away; the focus goes to its neighbour. @param {HTMLElement} lane */
function leave(lane) {
  const focused = lane.contains(document.activeElement);
  const neighbour = lane.nextElementSibling ?? lane.previousElementSibling;
  lane.remove();
  if (focused) neighbour?.querySelector('button')?.focus({ preventScroll: true });
}

/** @param {{ kill: (member: Member) => void }} actions */
export function lanes(actions) {
  const element = h('ul', { class: 'lanes' });
  /** @type {Map<Member, Lane>} */
  const drawn = new Map();
  return {
    element,
    /**
     * @param {number} at
     * @param {Map<Member, number>} paces
     * @param {Connection[]} connections
     * @param {boolean} busy
     */
    draw(at, paces, connections, busy) {
      for (const [member, one] of drawn) {
        if (paces.has(member)) continue;
        leave(one.element);
        drawn.delete(member);
      }
      for (const [member, pace] of paces) {
        let one = drawn.get(member);
        if (!one) {
          one = lane(member, actions);
          drawn.set(member, one);
          // Writers above readers.
          const place = member.role === 'writer' ? element.querySelector('.reader') : null;
          element.insertBefore(one.element, place);
        }
        const id = member.record.connection;
        one.draw(
          at,
          pace,
          connections.find((connection) => connection.id === id),
          busy,
        );
      }
    },
  };
}
