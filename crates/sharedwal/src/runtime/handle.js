// Shared memory of a runtime: reserving it for one that is created from Rust, and its lengths.

export function can_grow() {
  return typeof SharedArrayBuffer !== 'undefined' && 'grow' in SharedArrayBuffer.prototype;
}

// `max` 0 asks for a buffer of fixed length: Atomics are three times as fast on one.
export function reserve(initial, max) {
  if (typeof SharedArrayBuffer === 'undefined') {
    throw globalThis.crossOriginIsolated === false
      ? 'NOT_CROSS_ORIGIN_ISOLATED'
      : 'NO_SHARED_ARRAY_BUFFER';
  }
  if (max === 0) return new SharedArrayBuffer(initial);
  if (!can_grow()) throw 'NO_GROWABLE_SHARED_ARRAY_BUFFER';
  return new SharedArrayBuffer(initial, { maxByteLength: max });
}

export function unique_id() {
  return crypto.randomUUID();
}

export function byte_length(buffer) {
  return buffer.byteLength;
}

export function max_byte_length(buffer) {
  return buffer.maxByteLength ?? buffer.byteLength;
}
