// @ts-check

const UNITS = ['B', 'KiB', 'MiB', 'GiB'];

/** @param {number} value */
export function count(value) {
  return value.toLocaleString('en-US', { maximumFractionDigits: 0 });
}

/** @param {number} value */
export function bytes(value) {
  let unit = 0;
  let shown = value;
  while (shown >= 1024 && unit < UNITS.length - 1) {
    shown /= 1024;
    unit += 1;
  }
  return `${shown.toLocaleString('en-US', { maximumFractionDigits: unit > 1 ? 1 : 0 })} ${UNITS[unit]}`;
}
