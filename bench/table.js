// @ts-check
// The results as rows of a table: for the page, for the terminal and for the file.

/** @typedef {import('./benchmark.js').BenchReport} BenchReport */

/** @param {number} value */
export function rounded(value) {
  return value.toLocaleString('en-US', { maximumFractionDigits: value < 100 ? 1 : 0 });
}

/**
 * @param {BenchReport} report
 * @returns {Record<'workload' | 'contender' | 'median' | 'range' | 'unit' | 'ratio' | 'against', string>[]}
 */
export function tableRows({ workloads, contenders }) {
  const title = (/** @type {string} */ name) =>
    [...contenders, ...workloads].find((one) => one.name === name)?.title ?? name;
  return workloads.flatMap(({ title: workload, unit, figures }) =>
    Object.entries(figures).map(([contender, { median, min, max, ratio, against }], i) => ({
      workload: i === 0 ? workload : '',
      contender: title(contender),
      median: rounded(median),
      range: `${rounded(min)}–${rounded(max)}`,
      unit,
      ratio: ratio === undefined ? '' : ratio.toFixed(2),
      against: against === undefined ? '' : title(against),
    })),
  );
}
