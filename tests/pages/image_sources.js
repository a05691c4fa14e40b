// @ts-check
// Where an image may come from: bytes, files, streams, responses; how far it is; what ends it.
import { createRuntime, diagnostics, exportDatabase, importDatabase, open } from 'sharedwal';
import { content, filled } from './support/filled.js';
import { Report } from './support/report.js';

/** @typedef {import('sharedwal').Runtime} Runtime */
/** @typedef {import('sharedwal').ImageProgress} ImageProgress */

const MIB = 1024 * 1024;

export async function run() {
  const report = new Report();
  await report.part('sources', () => sources(report));
  await report.part('with a log', () => withALog(report));
  await report.part('no source', () => noSource(report));
  await report.part('streams that fail', () => streamsThatFail(report));
  await report.part('too large', () => tooLarge(report));
  await report.part('progress', () => progress(report));
  await report.part('ended', () => ended(report));
  return report.result();
}

/**
 * Bytes in pieces of so many.
 *
 * @param {Uint8Array<ArrayBuffer>} bytes
 * @param {number} size
 */
function streamOf(bytes, size) {
  let at = 0;
  return new ReadableStream({
    pull(controller) {
      if (at === bytes.length) return controller.close();
      const piece = bytes.slice(at, at + size);
      at += piece.length;
      controller.enqueue(piece);
    },
  });
}

/** @param {Report} report */
async function sources(report) {
  const source = await filled(20_000, { name: 'source' });
  const expected = await content(source);
  const bytes = await exportDatabase(source);
  const shared = new SharedArrayBuffer(bytes.length);
  new Uint8Array(shared).set(bytes);
  const url = URL.createObjectURL(new Blob([bytes]));
  /** @type {Record<string, any>} */
  const kinds = {
    Uint8Array: bytes,
    ArrayBuffer: bytes.buffer,
    SharedArrayBuffer: shared,
    Blob: new Blob([bytes]),
    File: new File([bytes], 'app.sqlite'),
    'a stream of pieces of 777 bytes': streamOf(bytes, 777),
    'a stream of one piece': streamOf(bytes, bytes.length),
    'a stream of ArrayBuffers': streamOf(bytes, 50_000).pipeThrough(
      new TransformStream({ transform: (piece, to) => to.enqueue(piece.buffer) }),
    ),
    'a stream of bytes (BYOB)': new Blob([bytes]).stream(),
    'a compressed file': new Blob([bytes])
      .stream()
      .pipeThrough(new CompressionStream('gzip'))
      .pipeThrough(new DecompressionStream('gzip')),
    Response: new Response(bytes),
    fetch: await fetch(url),
  };
  for (const [kind, image] of Object.entries(kinds)) {
    const target = createRuntime({ name: 'target' });
    await importDatabase(target, image);
    report.equal(kind, await content(target), expected);
    report.equal(`${kind}: no connection is left`, diagnostics(target).connections.length, 0);
  }
  const frame = document.createElement('iframe');
  document.body.append(frame);
  const Foreign = /** @type {any} */ (frame.contentWindow);
  for (const image of [new Foreign.Blob([bytes]), new Foreign.Response(bytes)]) {
    const target = createRuntime({ name: 'target' });
    await importDatabase(target, image);
    report.equal('of another realm', await content(target), expected);
  }
  frame.remove();
  URL.revokeObjectURL(url);
}

/** @param {Report} report */
async function withALog(report) {
  const source = await filled(3000, { name: 'log' });
  const expected = await content(source);
  const database = await exportDatabase(source);
  for (const wal of [new Blob([]), streamOf(new Uint8Array(0), 1), new Response(null)]) {
    const target = createRuntime({ name: 'target' });
    /** @type {ImageProgress[]} */
    const told = [];
    const image = { database: new Blob([database]), wal };
    await importDatabase(target, image, { onProgress: (progress) => void told.push(progress) });
    report.equal('beside an empty log', await content(target), expected);
    const reading = told.filter(({ phase }) => phase === 'reading');
    report.equal('read to the end', reading.at(-1)?.done, database.length);
  }
}

/** @param {Report} report */
async function noSource(report) {
  const runtime = await filled(300, { name: 'none' });
  const before = await content(runtime);
  const refused = { type: 'TypeError', code: 'INVALID_ARGUMENT' };
  const read = new Response('x');
  await read.text();
  const locked = new ReadableStream();
  locked.getReader();
  const lockedResponse = new Response('x');
  lockedResponse.body?.getReader();
  /** @type {Record<string, any>} */
  const images = {
    404: new Response('not found', { status: 404, statusText: 'Not Found' }),
    'a response that was read': read,
    'a response that is being read': lockedResponse,
    'a stream that is being read': locked,
    'a Uint16Array': new Uint16Array(4),
    'a promise': Promise.resolve(new Uint8Array(4)),
    'a stream of text': new ReadableStream({ start: (to) => to.enqueue('text') }),
  };
  for (const [name, image] of Object.entries(images)) {
    await report.rejects(name, () => importDatabase(runtime, image), refused);
  }
  const invalid = { code: 'INVALID_IMAGE' };
  await report.rejects('an empty file', () => importDatabase(runtime, new Blob([])), invalid);
  await report.rejects(
    'an empty response',
    () => importDatabase(runtime, new Response(null)),
    invalid,
  );
  const text = new Blob(['no database '.repeat(1000)]);
  await report.rejects('a text file', () => importDatabase(runtime, text), invalid);
  report.equal('nothing has changed', await content(runtime), before);
  /** @type {unknown[]} */
  const cancelled = [];
  const stream = new ReadableStream({ cancel: (reason) => void cancelled.push(reason) });
  const wrong = importDatabase(runtime, stream, /** @type {any} */ ({ chunk: 1 }));
  await report.rejects('a wrong option', () => wrong, { code: 'INVALID_OPTION' });
  report.check('cancels the stream', cancelled[0] instanceof Error, String(cancelled));
}

/** @param {Report} report */
async function streamsThatFail(report) {
  const runtime = await filled(300, { name: 'fails' });
  const before = await content(runtime);
  const bytes = await exportDatabase(runtime);
  const broken = new ReadableStream({
    start: (to) => to.enqueue(bytes),
    pull: (to) => to.error(new RangeError('the line is cut')),
  });
  await report.rejects('a stream that errors', () => importDatabase(runtime, broken), {
    type: 'RangeError',
    message: 'the line is cut',
  });
  const half = streamOf(bytes.slice(0, bytes.length / 2), 4096);
  await report.rejects('half of a file', () => importDatabase(runtime, half), {
    code: 'INVALID_IMAGE',
  });
  const { resize } = ArrayBuffer.prototype;
  ArrayBuffer.prototype.resize = () => {
    throw new RangeError('no room');
  };
  const long = streamOf(bytes, 4096);
  await report.rejects('no memory', () => importDatabase(runtime, long), { code: 'SQLITE_NOMEM' });
  ArrayBuffer.prototype.resize = resize;
  report.equal('nothing has changed', await content(runtime), before);
}

/** An endless stream is not read into memory. @param {Report} report */
async function tooLarge(report) {
  const runtime = await filled(300, { name: 'small', maxDatabaseCapacityBytes: MIB });
  const before = await content(runtime);
  let given = 0;
  let cancelled = false;
  const endless = new ReadableStream({
    pull(to) {
      given += 65_536;
      to.enqueue(new Uint8Array(65_536));
    },
    cancel() {
      cancelled = true;
    },
  });
  const refused = {
    type: 'SqliteError',
    code: 'IMAGE_TOO_LARGE',
    message: /maxDatabaseCapacityBytes/,
  };
  await report.rejects('a stream without end', () => importDatabase(runtime, endless), refused);
  report.below('ends where there is no room', given, 2 * MIB);
  report.check('and is cancelled', cancelled);
  /** @type {ImageProgress[]} */
  const told = [];
  const file = new Blob([new Uint8Array(2 * MIB)]);
  const options = { onProgress: (/** @type {ImageProgress} */ one) => void told.push(one) };
  await report.rejects('a file', () => importDatabase(runtime, file, options), refused);
  report.equal('is not even read', told, []);
  report.equal('nothing has changed', await content(runtime), before);
}

/** @param {Report} report */
async function progress(report) {
  const bytes = await exportDatabase(await filled(20_000, { name: 'long' }));
  /** @type {[string, any, number | undefined][]} */
  const cases = [
    ['bytes', bytes, undefined],
    ['a file', new Blob([bytes]), bytes.length],
    ['a stream', streamOf(bytes, 100_000), undefined],
    [
      'a response that tells its length',
      new Response(streamOf(bytes, 100_000), { headers: { 'content-length': `${bytes.length}` } }),
      bytes.length,
    ],
    [
      'a response that was compressed',
      new Response(streamOf(bytes, 100_000), {
        headers: { 'content-length': '5', 'content-encoding': 'gzip' },
      }),
      undefined,
    ],
  ];
  for (const [name, image, total] of cases) {
    /** @type {ImageProgress[]} */
    const told = [];
    const target = createRuntime({ name: 'target' });
    await importDatabase(target, image, { onProgress: (one) => void told.push(one) });
    const reading = told.filter(({ phase }) => phase === 'reading');
    const copying = told.filter(({ phase }) => phase === 'copying');
    report.check(
      `${name}: first it is read, then copied`,
      told.findLastIndex(({ phase }) => phase === 'reading') <
        told.findIndex(({ phase }) => phase === 'copying'),
    );
    // Into how many pieces a file comes, the browser decides.
    const least = { bytes: 0, 'a file': 1 }[name] ?? 2;
    report.atLeast(`${name}: read`, reading.length, least);
    if (name === 'bytes') report.equal('bytes: not read', reading.length, 0);
    report.check(
      `${name}: the total of what is read`,
      reading.every((one) => one.total === total),
    );
    report.atLeast(`${name}: copied`, copying.length, 4);
    report.check(
      `${name}: the total of what is copied`,
      copying.every((one) => one.total === bytes.length),
    );
    for (const part of [reading, copying]) {
      report.check(
        `${name}: it rises`,
        part.every(({ done }, i) => done > (part[i - 1]?.done ?? 0)),
      );
      if (part.length > 0) report.equal(`${name}: to the end`, part.at(-1)?.done, bytes.length);
    }
  }
}

/** @param {Report} report */
async function ended(report) {
  const bytes = await exportDatabase(await filled(20_000, { name: 'other' }));
  for (const open of [false, true]) {
    const where = open ? 'beside a connection' : 'alone';
    await report.part(where, () => endedOnce(report, bytes, open));
  }
}

/**
 * @param {Report} report
 * @param {Uint8Array<ArrayBuffer>} bytes
 * @param {boolean} beside
 */
async function endedOnce(report, bytes, beside) {
  const runtime = await filled(300, { name: 'ended' });
  const before = await content(runtime);
  const other = beside ? await open(runtime) : undefined;
  for (const phase of ['reading', 'copying']) {
    const thrown = { type: 'RangeError', message: phase };
    const image = () => (phase === 'reading' ? new Blob([bytes]) : bytes);
    const inTheMiddle = (/** @type {ImageProgress} */ one) => one.phase === phase && one.done > MIB;
    await report.rejects(
      `what onProgress throws while ${phase}`,
      () =>
        importDatabase(runtime, image(), {
          onProgress: (one) => {
            if (inTheMiddle(one)) throw new RangeError(phase);
          },
        }),
      thrown,
    );
    report.equal('nothing has changed', await content(runtime), before);
    const controller = new AbortController();
    await report.rejects(
      `a signal while ${phase}`,
      () =>
        importDatabase(runtime, image(), {
          signal: controller.signal,
          onProgress: (one) => inTheMiddle(one) && controller.abort(new RangeError(phase)),
        }),
      thrown,
    );
    report.equal('nothing has changed', await content(runtime), before);
  }
  const stalled = new ReadableStream();
  const controller = new AbortController();
  const importing = importDatabase(runtime, stalled, { signal: controller.signal });
  setTimeout(() => controller.abort(new RangeError('stalled')), 50);
  await report.rejects('a signal while nothing comes', () => importing, { message: 'stalled' });
  await report.rejects(
    'what is thrown at the very end',
    () =>
      importDatabase(runtime, bytes, {
        onProgress: ({ done, total }) => {
          if (done === total) throw new RangeError('done');
        },
      }),
    { type: 'RangeError', message: 'done' },
  );
  report.check('comes too late', (await content(runtime)).startsWith('20000 '));
  other?.close();
}
