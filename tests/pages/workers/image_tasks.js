// @ts-check
// Whole databases in and out of a worker.
import { exportDatabase, importDatabase } from '../../../dist/index.js';

/**
 * @typedef {import('../../../dist/index.js').Runtime} Runtime
 * @typedef {import('../../../dist/index.js').DatabaseImage} DatabaseImage
 * @typedef {import('../../../dist/index.js').ImageOptions} ImageOptions
 */

/** @param {{ runtime: Runtime, options?: ImageOptions }} args */
export function exportHere({ runtime, options }) {
  return exportDatabase(runtime, options);
}

/** @param {{ runtime: Runtime, image: DatabaseImage, options?: ImageOptions }} args */
export function importHere({ runtime, image, options }) {
  return importDatabase(runtime, image, options);
}
