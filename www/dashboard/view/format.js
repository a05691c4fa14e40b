// @ts-check
export { bytes, count } from '../../view/format.js';

/** @param {number | undefined | null} ms undefined if it did not happen in time, null if nobody can tell */
export function duration(ms) {
  if (ms === null) return 'cannot be told here';
  if (ms === undefined) return 'not in time';
  if (ms < 9.95) return `${ms.toFixed(1)} ms`;
  if (ms < 999.5) return `${ms.toFixed(0)} ms`;
  return ms < 60_000 ? `${(ms / 1000).toFixed(1)} s` : `${Math.floor(ms / 60_000)} min`;
}
