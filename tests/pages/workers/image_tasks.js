// @ts-check
// Whole databases in and out of a worker.
import { exportDatabase, exportStream, importDatabase, open } from '../../../dist/index.js';
import { Signals } from '../support/signals.js';

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

/** @param {{ runtime: Runtime, stream: ReadableStream<Uint8Array<ArrayBuffer>> }} args */
export function importStreamHere({ runtime, stream }) {
  return importDatabase(runtime, stream);
}

/** What a stream that is read here has in all. @param {{ runtime: Runtime }} args */
export async function streamHere({ runtime }) {
  return new Response(await exportStream(runtime)).arrayBuffer();
}

/** Words of {@link writeSteadily}. */
export const STOP = 0;
export const COMMITTED = 1;

/**
 * Writes one transaction after another, until it is told to stop: it counts the only row of `steps` up
 * and moves something from one row of `accounts` to another, whose sum stays the same.
 *
 * @param {{ runtime: Runtime, buffer: SharedArrayBuffer }} args
 */
export async function writeSteadily({ runtime, buffer }) {
  const signals = new Signals(buffer);
  const db = await open(runtime);
  const move = db.prepare('update accounts set amount = amount + ? where id = ?');
  const step = db.prepare('update steps set n = n + 1');
  const rows = Number(db.prepare('select count(*) from accounts').pluck().get());
  const transaction = db.transaction((/** @type {number} */ from, /** @type {number} */ to) => {
    move.run(-1, from);
    step.run();
    move.run(1, to);
  });
  const any = () => 1 + Math.floor(Math.random() * rows);
  while (signals.value(STOP) === 0) {
    transaction.immediate(any(), any());
    signals.add(COMMITTED);
  }
  db.close();
}
