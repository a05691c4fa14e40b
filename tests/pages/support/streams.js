// @ts-check
// Streams as far as each browser has them.

/** Whether one can be given to a worker. */
export function areTransferable() {
  const stream = new ReadableStream();
  try {
    structuredClone(stream, { transfer: [stream] });
    return true;
  } catch {
    return false;
  }
}

/**
 * The pieces of a stream, which is cancelled when the loop is left.
 *
 * @template Piece
 * @param {ReadableStream<Piece>} stream
 * @returns {AsyncGenerator<Piece>}
 */
export async function* pieces(stream) {
  if (Symbol.asyncIterator in ReadableStream.prototype) {
    yield* /** @type {any} */ (stream);
    return;
  }
  const reader = stream.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield value;
    }
  } finally {
    await reader.cancel();
  }
}
