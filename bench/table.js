// @ts-check
// The results as rows of tables: for the page, for the terminal and for the file.

/** @typedef {import('./benchmark.js').BenchReport} BenchReport */

/** @param {number} value */
export function rounded(value) {
  const maximumFractionDigits = value < 1 ? 3 : value < 100 ? 1 : 0;
  return value.toLocaleString('en-US', { maximumFractionDigits });
}

/**
 * @param {BenchReport} report
 * @returns {Record<'workload' | 'contender' | 'median' | 'range' | 'unit' | 'ratio' | 'against', string>[]}
 */
export function tableRows({ workloads, contenders, plan }) {
  const title = titles(contenders, workloads);
  return workloads.flatMap(({ title: workload, measures }) =>
    measures.flatMap(({ title: measure, unit, lessIsBetter, figures }) =>
      Object.entries(figures).map(
        ([contender, { median, min, max, samples, ratio, against }], i) => ({
          workload: i > 0 ? '' : [workload, measure].filter(Boolean).join(': '),
          contender: title(contender),
          median: rounded(median),
          range: `${rounded(min)}–${rounded(max)}${counted(samples, plan.repetitions)}`,
          unit: lessIsBetter ? `${unit} (less is better)` : unit,
          ratio: ratio === undefined ? '' : ratio.toFixed(2),
          against: against === undefined ? '' : title(against),
        }),
      ),
    ),
  );
}

/**
 * Said where some trials do not count.
 *
 * @param {number[]} samples
 * @param {number} repetitions
 */
function counted(samples, repetitions) {
  const count = samples.filter(Number.isFinite).length;
  return count === repetitions ? '' : ` (of ${count})`;
}

/**
 * @param {BenchReport} report
 * @returns {Record<'target' | 'wanted' | 'reached' | 'in one repetition' | 'met', string>[]}
 */
export function targetRows({ targets }) {
  const shown = (/** @type {number} */ value) => value.toFixed(value < 1 ? 3 : 2);
  return targets.map(({ title, wanted, reached, min, max, met }) => ({
    target: title,
    wanted,
    reached: Number.isNaN(reached) ? 'nothing' : shown(reached),
    'in one repetition': Number.isFinite(min) ? `${shown(min)}–${shown(max)}` : '',
    met: met ? 'met' : 'missed',
  }));
}

/**
 * @param {BenchReport} report
 * @returns {Record<'workload' | 'contender' | 'repetition' | 'what failed', string>[]}
 */
export function failureRows({ failures, plan, workloads, contenders }) {
  const title = titles(workloads, contenders);
  return failures.map(({ workload, contender, repetition, message }) => ({
    workload: title(workload),
    contender: title(contender),
    repetition: `${repetition} of ${plan.repetitions}`,
    'what failed': message.split('\n', 1)[0] ?? '',
  }));
}

/**
 * @param {...{ name: string, title: string }[]} lists
 * @returns {(name: string) => string}
 */
function titles(...lists) {
  return (name) => lists.flat().find((one) => one.name === name)?.title ?? name;
}
