// @ts-check

/**
 * The value below which a share of the others lies.
 *
 * @param {number[]} values
 * @param {number} share from 0 to 1
 */
export function quantile(values, share) {
  const sorted = Float64Array.from(values).sort();
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

/** @param {number[]} samples */
export function median(samples) {
  const sorted = [...samples].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}

/**
 * How many times as good a figure is as another one.
 *
 * @param {number} one
 * @param {number} other
 * @param {boolean} lessIsBetter
 */
export function timesAsGood(one, other, lessIsBetter) {
  return lessIsBetter ? other / one : one / other;
}
