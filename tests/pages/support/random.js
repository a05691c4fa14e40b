// @ts-check

/**
 * Random choices that a seed repeats.
 *
 * @param {number} seed
 * @returns {(below: number) => number} an integer from 0 on, smaller than `below`
 */
export function randomNumbers(seed) {
  let state = seed >>> 0;
  return (below) => {
    // Mulberry32.
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * below);
  };
}
