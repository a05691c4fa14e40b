// @ts-check
// The live dashboard: real workers on one shared database, and what the runtime tells of them.
import { createRuntime, dispose } from '../../dist/index.js';
import { h } from '../view/dom.js';
import { Board } from './board.js';
import { Population } from './population.js';
import { kill } from './recovery.js';
import { Sampler } from './sampler.js';
import { controls, USUAL } from './view/controls.js';
import { figures } from './view/figures.js';
import { killPanel, legend } from './view/kill_panel.js';
import { lanes } from './view/lanes.js';
import { locks } from './view/locks.js';
import { memory } from './view/memory.js';

const MIB = 1024 * 1024;
const SEGMENT_BYTES = 8 * MIB;
const DRAW_MS = 200;
/** For who wants less motion. */
const CALM_DRAW_MS = 1000;

/** So small that segments fill and empty before one's eyes, and can be taken at once where none can grow. */
const CAPACITIES = {
  allowFixedCapacityFallback: true,
  segmentCapacityBytes: SEGMENT_BYTES,
  maxDatabaseCapacityBytes: 8 * SEGMENT_BYTES,
  maxWriteAheadCapacityBytes: 16 * SEGMENT_BYTES,
};

/**
 * @param {HTMLElement} section
 * @returns {Promise<() => void>} ends the workers
 */
export async function mount(section) {
  const runtime = createRuntime({ name: 'dashboard', ...CAPACITIES });
  const board = new Board();
  board.pauseMs = USUAL.pauseMs;
  const problem = h('p', { class: 'notice bad-notice', role: 'alert', hidden: true });
  const population = await Population.create(runtime, board, fail);
  const sampler = new Sampler(population);
  /** @type {number[]} */
  const kills = [];
  let killing = false;
  let frozen = false;

  /** @param {unknown} error */
  function fail(error) {
    console.error(error);
    problem.textContent = error instanceof Error ? error.message : String(error);
    problem.hidden = false;
  }

  const panel = killPanel(() => {
    const [first, ...others] = population.staying('writer');
    const holder = others.find(({ record }) => record.doing === 'holding');
    if (first) killOne(holder ?? first);
  });
  /** @param {import('./population.js').Member} victim */
  const killOne = async (victim) => {
    if (killing) return;
    killing = true;
    panel.enable(false);
    problem.hidden = true;
    try {
      const recovery = await kill(population, victim, panel.choice(), (step) => {
        panel.say(`${step} …`);
        if (victim.leaving) kills.push(board.now());
      });
      panel.show(recovery);
    } catch (error) {
      if (!population.ended) {
        panel.say('It did not come to a kill.');
        fail(error);
      }
    }
    killing = false;
  };

  const views = {
    figures: figures(),
    lanes: lanes({ kill: killOne }),
    locks: locks(),
    database: memory('Database', SEGMENT_BYTES),
    writeAhead: memory('Write-ahead log', SEGMENT_BYTES),
  };
  function draw() {
    const { at, told, paces } = sampler.look();
    panel.enable(!killing && population.staying('writer').length > 0);
    if (frozen) return;
    views.figures.draw({ at, told, samples: sampler.samples, population, kills });
    views.lanes.draw(at, paces, told.connections, killing);
    views.locks.draw(told.connections, (id) => population.nameOf(id));
    views.database.draw(told.database);
    views.writeAhead.draw(told.writeAhead);
  }

  section.append(
    h('h2', {}, 'Live dashboard'),
    h(
      'p',
      { class: 'intro' },
      'Each lane is a worker with a SQLite of its own on the one database. Every read compares what it finds with ' +
        'the commits that were acknowledged before.',
    ),
    controls({
      want: (role, count) => population.want(role, count),
      pause: (ms) => {
        board.pauseMs = ms;
      },
      freeze: (on) => {
        frozen = on;
      },
    }),
    problem,
    views.figures.element,
    h(
      'section',
      { class: 'card', 'aria-labelledby': 'lanes-title' },
      h('div', { class: 'bar' }, h('h3', { id: 'lanes-title' }, 'Workers, the last 6 s'), legend()),
      views.lanes.element,
    ),
    panel.element,
    h(
      'div',
      { class: 'halves' },
      h(
        'section',
        { class: 'card', 'aria-labelledby': 'locks-title' },
        h('h3', { id: 'locks-title' }, 'Locks, at this moment'),
        views.locks.element,
      ),
      h(
        'section',
        { class: 'card', 'aria-labelledby': 'memory-title' },
        h('h3', { id: 'memory-title' }, 'Shared memory, by segment'),
        views.database.element,
        views.writeAhead.element,
      ),
    ),
  );
  population.want('writer', USUAL.writer);
  population.want('reader', USUAL.reader);
  const calm = matchMedia('(prefers-reduced-motion: reduce)').matches;
  draw();
  const timer = setInterval(draw, calm ? CALM_DRAW_MS : DRAW_MS);

  return () => {
    clearInterval(timer);
    population.end();
    dispose(runtime, { force: true });
  };
}
