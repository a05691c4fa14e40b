// @ts-check
// Runs all workloads with all contenders, in turns.
import { browserVersion } from './browser_version.js';
import { baselines, contenders } from './contenders/all.js';
import { packageVersion } from './environment.js';
import { clockStep } from './measure.js';
import { CACHE_PAGES, PAGE_BYTES } from './settings.js';
import { median, timesAsGood } from './statistics.js';
import { figuresOf, targetsOf } from './targets.js';
import { runTrial } from './trial.js';
import { workloads } from './workloads/all.js';

/**
 * @typedef {object} Plan
 * @property {number} repetitions
 * @property {number} milliseconds measured in each trial
 * @property {string[]} [contenders] all if not given
 */

/** @type {Record<'full' | 'quick', Plan>} */
export const plans = {
  full: { repetitions: 5, milliseconds: 1000 },
  quick: {
    repetitions: 1,
    milliseconds: 200,
    contenders: ['sharedwal', 'official_direct', 'official_behind_messages'],
  },
};

/**
 * The figures of one contender for one measure of a workload.
 *
 * @typedef {object} Figures
 * @property {number} median
 * @property {number} min
 * @property {number} max
 * @property {number[]} samples one for each repetition; NaN where the trial does not count
 * @property {number} [ratio] how many times as good the median is as that of what it is compared to
 * @property {string} [against] what it is compared to: a contender in this workload, or the same
 *   contender in another workload
 *
 * @typedef {object} MeasureResult
 * @property {string} name
 * @property {string} title
 * @property {string} unit
 * @property {boolean} lessIsBetter
 * @property {Record<string, Figures>} figures by contender
 *
 * @typedef {object} WorkloadResult
 * @property {string} name
 * @property {string} title
 * @property {number} cachePages
 * @property {MeasureResult[]} measures
 *
 * @typedef {object} ContenderResult
 * @property {string} name
 * @property {string} title
 * @property {string} about
 * @property {string} package
 * @property {string} version of the package
 * @property {string} sqlite its version
 * @property {Record<string, unknown>} pragmas
 *
 * @typedef {object} Failure a trial that does not count: rows that are wrong or missing, an error
 * @property {string} workload
 * @property {string} contender
 * @property {number} repetition from 1 on
 * @property {string} message
 *
 * @typedef {object} BenchReport
 * @property {string} started
 * @property {Plan} plan
 * @property {string[]} baselines
 * @property {number} pageBytes
 * @property {string} browser
 * @property {number} cores
 * @property {number} clockMs the step of the clock
 * @property {ContenderResult[]} contenders
 * @property {WorkloadResult[]} workloads
 * @property {Failure[]} failures
 * @property {import('./targets.js').TargetResult[]} targets
 */

/** Below so many steps of the clock a time is not compared with another. */
const LEAST_STEPS = 10;

/**
 * How far a run is.
 *
 * @typedef {object} Progress
 * @property {number} done trials
 * @property {number} total
 * @property {string} text what is measured now
 * @property {WorkloadResult[]} workloads what was measured so far; those without figures included
 *
 * @typedef {object} RunOptions
 * @property {(progress: Progress) => void} [onProgress] before each trial, and after the last one
 * @property {(workload: string) => boolean} [only] which workloads, by name
 * @property {AbortSignal} [signal] ends the trial that is running and throws its reason
 */

/**
 * @param {Plan} plan
 * @param {RunOptions} [options]
 * @returns {Promise<BenchReport>}
 */
export async function runBenchmark(plan, { onProgress, only = () => true, signal } = {}) {
  const started = new Date().toISOString();
  const taking = contenders.filter(({ name }) => plan.contenders?.includes(name) ?? true);
  const chosen = workloads.filter(({ name }) => only(name));
  const results = chosen.map(emptyResult);
  const trials = Array.from({ length: plan.repetitions }, (_, repetition) =>
    chosen.flatMap((workload) => inTurns(taking, workload, repetition)),
  ).flat();
  /** @type {Map<string, import('./trial.js').Connection>} */
  const connections = new Map();
  /** @type {Failure[]} */
  const failures = [];
  const clockMs = clockStep();
  const tell = (/** @type {number} */ done, /** @type {string} */ text) => {
    summarise(results);
    compare(results, clockMs);
    onProgress?.({ done, total: trials.length, text, workloads: results });
  };
  for (const [done, { contender, workload, repetition }] of trials.entries()) {
    signal?.throwIfAborted();
    tell(done, `${repetition + 1} of ${plan.repetitions}: ${workload.title}, ${contender.title}`);
    try {
      const { measured, connection } = await runTrial(contender, workload, plan, signal);
      addSamples(results, workload.name, contender.name, repetition, measured);
      // The usual cache is what is told of a contender, if it was measured with that at all.
      if (!workload.cachePages || !connections.has(contender.name))
        connections.set(contender.name, connection);
    } catch (error) {
      signal?.throwIfAborted();
      const names = { workload: workload.name, contender: contender.name };
      failures.push({ ...names, repetition: repetition + 1, message: String(error) });
    }
  }
  tell(trials.length, 'Done');
  return {
    started,
    plan,
    baselines,
    pageBytes: PAGE_BYTES,
    browser: await browserVersion(),
    cores: navigator.hardwareConcurrency,
    clockMs,
    contenders: await Promise.all(
      taking.map(async ({ name, title, about, package: packageName }) => ({
        name,
        title,
        about,
        package: packageName,
        version: (await packageVersion(packageName)) ?? '',
        sqlite: connections.get(name)?.sqlite ?? '',
        pragmas: connections.get(name)?.pragmas ?? {},
      })),
    ),
    workloads: results,
    failures,
    targets: targetsOf(results),
  };
}

/**
 * The contenders that are able to do a workload. Each begins in its turn, so that none always has the
 * coolest processor.
 *
 * @param {import('./session.js').Contender[]} taking
 * @param {import('./session.js').Workload} workload
 * @param {number} repetition
 */
function inTurns(taking, workload, repetition) {
  const able = taking.filter((contender) => isAble(contender, workload));
  const first = repetition % able.length;
  return [...able.slice(first), ...able.slice(0, first)].map((contender) => ({
    contender,
    workload,
    repetition,
  }));
}

/**
 * @param {import('./session.js').Workload} workload
 * @returns {WorkloadResult}
 */
function emptyResult({ name, title, cachePages = CACHE_PAGES, measures }) {
  return { name, title, cachePages, measures: Object.entries(measures).map(emptyMeasure) };
}

/**
 * @param {WorkloadResult[]} results
 * @param {string} workload
 * @param {string} contender
 * @param {number} repetition
 * @param {Record<string, number>} measured
 */
function addSamples(results, workload, contender, repetition, measured) {
  const result = results.find(({ name }) => name === workload);
  for (const { name: measure, figures } of result?.measures ?? []) {
    const one = figures[contender] ?? { median: 0, min: 0, max: 0, samples: [] };
    while (one.samples.length < repetition) one.samples.push(Number.NaN);
    one.samples.push(measured[measure] ?? Number.NaN);
    figures[contender] = one;
  }
}

/**
 * @param {[string, import('./session.js').Measure]} measure
 * @returns {MeasureResult}
 */
function emptyMeasure([name, { title = '', unit, lessIsBetter = false }]) {
  return { name, title, unit, lessIsBetter, figures: {} };
}

/**
 * @param {import('./session.js').Contender} contender
 * @param {import('./session.js').Workload} workload
 */
function isAble({ sessions, can = [] }, workload) {
  return sessions >= workload.sessions && (!workload.needs || can.includes(workload.needs));
}

/** @param {WorkloadResult[]} results */
function summarise(results) {
  for (const { figures } of results.flatMap(({ measures }) => measures)) {
    for (const one of Object.values(figures)) {
      const samples = one.samples.filter(Number.isFinite);
      one.median = median(samples);
      one.min = Math.min(...samples);
      one.max = Math.max(...samples);
    }
  }
}

/**
 * @param {WorkloadResult[]} results
 * @param {number} clockMs
 */
function compare(results, clockMs) {
  for (const { name, measures } of results) {
    const { against } = workloads.find((workload) => workload.name === name) ?? {};
    for (const { name: measure, figures, lessIsBetter, unit } of measures) {
      const least = unit === 'ms' ? LEAST_STEPS * clockMs : 0;
      const baseline = baselines.find((name) => figures[name]) ?? '';
      for (const [contender, one] of Object.entries(figures)) {
        delete one.ratio;
        delete one.against;
        const other = against
          ? figuresOf(results, against, measure)?.[contender]
          : figures[baseline];
        if (!other || other === one) continue;
        // What takes less than the clock can tell has none.
        if (Math.min(one.median, other.median) < least) continue;
        one.ratio = timesAsGood(one.median, other.median, lessIsBetter);
        one.against = against ?? baseline;
      }
    }
  }
}
