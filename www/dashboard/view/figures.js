// @ts-check
// The dashboard's figures: three charts over the last minute, and what was counted in all.
import { h } from '../../view/dom.js';
import { bytes, count } from './format.js';
import { write } from './svg.js';
import { timeChart } from './time_chart.js';

/**
 * @typedef {object} State
 * @property {number} at
 * @property {import('../../../dist/index.js').Diagnostics} told
 * @property {import('../sampler.js').Sample[]} samples
 * @property {import('../population.js').Population} population
 * @property {number[]} kills when there was one
 */

/** Of the chart's height. */
const CHECKPOINT_MARK = 0.1;

/** @type {[string, string][]} */
const TILES = [
  ['compared', 'Reads compared'],
  ['wrong', 'Commits missing'],
  ['commits', 'Commits'],
  ['checkpoints', 'Checkpoints'],
  ['log', 'Log file'],
  ['checkpointed', 'Frames written back'],
  ['deaths', 'Deaths cleaned up'],
  ['waits', 'Waits for a lock'],
  ['refused', 'Refused'],
];

export function figures() {
  const charts = {
    reads: timeChart({ title: 'Reads per second', format: count, kind: 'reads' }),
    commits: timeChart({ title: 'Commits per second', format: count, kind: 'commits' }),
    log: timeChart({
      ...{ title: 'Frames in the write-ahead log', format: count, kind: 'log' },
      ...{ marks: 'checkpoints', markHeight: CHECKPOINT_MARK },
    }),
  };
  const values = new Map(TILES.map(([name]) => [name, h('dd', { 'data-figure': name })]));
  const tiles = h(
    'dl',
    { class: 'tiles' },
    ...TILES.map(([name, title]) => h('div', {}, h('dt', {}, title), values.get(name) ?? '')),
  );
  const pinned = h('p', { class: 'pinned faint' });
  const element = h(
    'section',
    { class: 'card', 'aria-label': 'Figures' },
    h('div', { class: 'charts' }, ...Object.values(charts).map((chart) => chart.element)),
    pinned,
    tiles,
  );
  return {
    element,
    /** @param {State} state */
    draw({ at, told, samples, population, kills }) {
      const points = (/** @type {'reads' | 'commits' | 'frames'} */ name) =>
        samples.map((sample) => ({ at: sample.at, value: sample[name] }));
      charts.reads.draw(at, points('reads'), kills);
      charts.commits.draw(at, points('commits'), kills);
      charts.log.draw(at, points('frames'), checkpointTimes(samples));
      const { counters, writeAhead, checkpointedFrames } = told;
      const wrong = population.sum('wrong');
      /** @type {Record<string, string>} */
      const texts = {
        compared: count(population.sum('reads')),
        wrong: count(wrong),
        commits: count(counters.commits),
        checkpoints: count(counters.checkpoints),
        log: bytes(writeAhead.bytes),
        checkpointed: count(checkpointedFrames),
        deaths: count(counters.deaths),
        waits: count(counters.lockWaits),
        refused: count(population.sum('refused')),
      };
      for (const [name, text] of Object.entries(texts)) write(values.get(name), text);
      values.get('wrong')?.classList.toggle('bad', wrong > 0);
      write(pinned, pinnedText(told, population));
    },
  };
}

/** @param {import('../sampler.js').Sample[]} samples */
function checkpointTimes(samples) {
  return samples.flatMap(({ at, checkpoints }, index) =>
    checkpoints > (samples[index - 1]?.checkpoints ?? checkpoints) ? at : [],
  );
}

/** Less is not worth telling. */
const PINNED_MS = 500;

/**
 * Who keeps the log from being used again.
 *
 * @param {import('../../../dist/index.js').Diagnostics} told
 * @param {import('../population.js').Population} population
 */
function pinnedText({ writeAheadPinnedBy: by }, population) {
  if (!by?.transaction || by.transaction.ageMs < PINNED_MS) {
    return 'Nobody keeps the log from being used again from its start.';
  }
  const name = population.nameOf(by.id);
  const seconds = (by.transaction.ageMs / 1000).toFixed(0);
  return `The snapshot of ${name}, ${seconds} s old, keeps the log from being used again: it grows.`;
}
