// @ts-check
// `?run=quick` or `?run=full` measures how cost grows, `only=` along the axes whose names match. The
// results are left in `globalThis.growthReport`.
import { browserVersion } from '../browser_version.js';
import { axes } from './axes.js';
import { summarise } from './growth.js';

/** @typedef {import('./growth.js').AxisReport} AxisReport */

/**
 * @typedef {object} GrowthReport
 * @property {string} started
 * @property {string} browser
 * @property {AxisReport[]} axes
 */

const params = new URLSearchParams(location.search);

/** @param {string} text */
function say(text) {
  Object.assign(/** @type {HTMLElement} */ (document.getElementById('status')), {
    textContent: text,
  });
  console.log(`[growth] ${text}`);
}

/**
 * @param {'quick' | 'full'} plan
 * @returns {Promise<GrowthReport>}
 */
async function run(plan) {
  const started = new Date().toISOString();
  const only = new RegExp(params.get('only') ?? '.');
  /** @type {AxisReport[]} */
  const reports = [];
  for (const axis of axes.filter(({ name }) => only.test(name))) {
    const points = axis[plan];
    /** @type {Record<string, number>[]} */
    const costs = [];
    for await (const [i, cost] of axis.measure(points)) {
      costs.push(cost);
      say(`${axis.title}: ${points[i]} of ${points.join(', ')}: ${JSON.stringify(cost)}`);
    }
    reports.push(summarise(axis, points, costs));
  }
  return { started, browser: await browserVersion(), axes: reports };
}

try {
  Object.assign(globalThis, {
    growthReport: await run(params.get('run') === 'full' ? 'full' : 'quick'),
  });
  say('Done.');
} catch (error) {
  say(`Failed: ${error}`);
  throw error;
}
