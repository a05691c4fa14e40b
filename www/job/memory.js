// @ts-check
// How much shared memory a runtime of the page may take.

const MIB = 1024 * 1024;

/**
 * For createRuntime(). A browser that cannot grow shared memory takes all of it at once: there is less of it then.
 */
export function memoryOptions() {
  if (typeof SharedArrayBuffer === 'undefined' || 'grow' in SharedArrayBuffer.prototype) return {};
  return {
    allowFixedCapacityFallback: true,
    maxDatabaseCapacityBytes: 128 * MIB,
    maxWriteAheadCapacityBytes: 128 * MIB,
  };
}
