// @ts-check

/**
 * Structural equality of what a query can answer: primitives by `Object.is`, arrays, plain objects
 * (also without a prototype) and byte arrays by their contents.
 *
 * @param {unknown} a
 * @param {unknown} b
 * @returns {boolean}
 */
export function deepEqual(a, b) {
  if (Object.is(a, b)) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  if (ArrayBuffer.isView(a) !== ArrayBuffer.isView(b)) return false;
  const left = /** @type {Record<string, unknown>} */ (a);
  const right = /** @type {Record<string, unknown>} */ (b);
  const keys = Object.keys(left);
  if (keys.length !== Object.keys(right).length) return false;
  return keys.every((key) => Object.hasOwn(right, key) && deepEqual(left[key], right[key]));
}

/**
 * A value as a short text for the detail of a failing check.
 *
 * @param {unknown} value
 * @returns {string}
 */
export function show(value) {
  if (typeof value === 'bigint') return `${value}n`;
  if (typeof value === 'function') return `function ${value.name}`;
  if (Object.is(value, -0)) return '-0';
  if (value instanceof Error) return `${value.name}: ${value.message}`;
  if (typeof value !== 'object' || value === null) {
    return typeof value === 'string' ? JSON.stringify(value) : String(value);
  }
  const text = JSON.stringify(value, (_key, inner) => {
    if (typeof inner === 'bigint') return `${inner}n`;
    if (inner === undefined) return 'undefined';
    return ArrayBuffer.isView(inner) ? `bytes(${inner.byteLength})` : inner;
  });
  return text.length > 400 ? `${text.slice(0, 400)}…` : text;
}
