// @ts-check
// Wrong input gets an error with a stable code and a message that says what to do; nothing is lost.
import { createRuntime, diagnostics, dispose, open } from 'sharedwal';
import { ConnectedWorker } from './support/connected_worker.js';
import { Report } from './support/report.js';
import { TaskError, TaskWorker } from './support/task_worker.js';

/**
 * @template T
 * @param {(worker: TaskWorker) => Promise<T>} body
 */
async function inFreshWorker(body) {
  const worker = new TaskWorker('fresh');
  try {
    return await body(worker);
  } finally {
    worker.terminate();
  }
}

export async function run() {
  const report = new Report();
  await report.part('engine', () => engine(report));
  await report.part('capacities', () => capacities(report));
  await report.part('reservation', () => reservation(report));
  await report.part('handles', () => handles(report));
  await report.part('after the end', () => afterTheEnd(report));
  await report.part('slots', async () => {
    report.merge(await inFreshWorker((worker) => worker.run('misuse_tasks', 'fillSlots')));
  });
  await report.part('attach', async () => {
    report.merge(await inFreshWorker((worker) => worker.run('misuse_tasks', 'attach')));
  });
  await report.part('module', () => moduleLoading(report));
  await report.part('crash', () => crash(report));
  await report.part('main thread', () => mainThread(report));
  return report.result();
}

/** @param {Report} report */
async function crash(report) {
  const runtime = createRuntime({ name: 'crash' });
  const db = await open(runtime);
  db.exec('create table t (x); insert into t values (1), (2), (3)');
  report.merge(
    await inFreshWorker((worker) => worker.run('misuse_tasks', 'exhaustStack', { runtime })),
  );
  db.exec('insert into t values (4)');
  report.equal('others go on', db.prepare('select sum(x) from t').pluck().get(), 10);
  report.equal('soundly', db.pragma('integrity_check', { simple: true }), 'ok');
  db.close();
}

/** @param {Report} report */
async function engine(report) {
  report.error(
    'no SharedArrayBuffer',
    await inFreshWorker((worker) => worker.run('engine_tasks', 'withoutSharedArrayBuffer')),
    { code: 'NO_SHARED_ARRAY_BUFFER', message: /SharedArrayBuffer/ },
  );
  const capacity = 1024 * 1024;
  const fixed = await inFreshWorker((worker) =>
    worker.run('engine_tasks', 'withoutGrowth', { capacity }),
  );
  report.error('no growth', fixed.error, {
    code: 'NO_GROWABLE_SHARED_ARRAY_BUFFER',
    message: /allowFixedCapacityFallback/,
  });
  report.equal('with the fallback the whole capacity is there at once', fixed.bytes, capacity);
  report.equal('and it works', fixed.count, 2000);
  report.error('up to its capacity', fixed.full, { code: 'SQLITE_FULL' });
  report.equal('and is sound', fixed.integrity, 'ok');
}

const CAPACITIES = /** @type {const} */ ([
  'initialDatabaseCapacityBytes',
  'maxDatabaseCapacityBytes',
  'initialWriteAheadCapacityBytes',
  'maxWriteAheadCapacityBytes',
]);

/**
 * Files grow by what is written, which need not be a whole number of words.
 *
 * @param {Report} report
 */
async function oddLengths(report) {
  const runtime = createRuntime({ name: 'odd-lengths', initialWriteAheadCapacityBytes: 65536 });
  const files = [runtime.writeAhead, runtime.journal, runtime.superJournals];
  for (const [segment] of files) segment?.grow(segment.byteLength + 3);
  report.check(
    'the lengths are odd',
    files.every(([segment]) => (segment?.byteLength ?? 0) % 4 === 3),
  );
  const db = await open(runtime);
  db.exec('create table t (x); insert into t values (7)');
  report.equal('and the database opens', db.prepare('select x from t').pluck().get(), 7);
  db.close();
}

/** @param {Report} report */
async function capacities(report) {
  for (const name of CAPACITIES) {
    for (const value of [
      0,
      1.5,
      -1,
      -65536,
      Number.NaN,
      Infinity,
      -Infinity,
      2 ** 53,
      '65536',
      null,
      65536n,
      {},
    ]) {
      report.throws(
        `${name}: ${typeof value} ${String(value)}`,
        () => createRuntime(/** @type {any} */ ({ [name]: value })),
        { type: 'SqliteError', code: 'INVALID_CAPACITY', message: new RegExp(name) },
      );
    }
  }
  for (const kind of ['Database', 'WriteAhead']) {
    report.throws(
      `initial${kind}CapacityBytes above its maximum`,
      () =>
        createRuntime({
          [`initial${kind}CapacityBytes`]: 2 ** 21,
          [`max${kind}CapacityBytes`]: 2 ** 20,
        }),
      { code: 'INVALID_CAPACITY', message: new RegExp(`initial${kind}CapacityBytes`) },
    );
  }
  for (const value of [0, -65536, 65535, 1.5, '65536', Number.NaN]) {
    report.throws(
      `segmentCapacityBytes: ${typeof value} ${value}`,
      () => createRuntime(/** @type {any} */ ({ segmentCapacityBytes: value })),
      { code: 'INVALID_CAPACITY', message: /segmentCapacityBytes/ },
    );
  }
  for (const kind of ['Database', 'WriteAhead']) {
    const options = { segmentCapacityBytes: 65536, [`max${kind}CapacityBytes`]: 2 ** 32 + 1 };
    report.throws(`too many segments of max${kind}CapacityBytes`, () => createRuntime(options), {
      code: 'INVALID_CAPACITY',
      message: new RegExp(`segmentCapacityBytes is 65536.*65536 segments of max${kind}Capacity`),
    });
    report.throws(
      `max${kind}CapacityBytes above what a file can have`,
      () => createRuntime({ [`max${kind}CapacityBytes`]: 2 ** 41 + 1 }),
      { code: 'INVALID_CAPACITY', message: new RegExp(`max${kind}CapacityBytes.*2199023255552`) },
    );
  }
  const wrong = {
    name: [5, '', null, {}],
    lockStaleMs: [-1, 0, 1.5, '5', Number.NaN],
    allowFixedCapacityFallback: [1, 'yes'],
    webLocks: [0, 'no', null],
  };
  for (const [name, list] of Object.entries(wrong)) {
    for (const value of list) {
      report.throws(
        `${name}: ${typeof value} ${JSON.stringify(value)}`,
        () => createRuntime(/** @type {any} */ ({ [name]: value })),
        { code: 'INVALID_OPTION', message: new RegExp(name) },
      );
    }
  }
  report.throws('options that are none', () => createRuntime(/** @type {any} */ ('name')), {
    code: 'INVALID_OPTION',
  });
  const odd = createRuntime({ initialDatabaseCapacityBytes: 1, maxDatabaseCapacityBytes: 100_001 });
  report.check('capacities that are no multiple of a page are fine', odd.database.length >= 1);
  const equal = createRuntime({
    initialDatabaseCapacityBytes: 2 ** 20,
    maxDatabaseCapacityBytes: 2 ** 20,
  });
  report.check('an initial capacity may be the maximum', equal.database.length >= 1);
  await oddLengths(report);
}

/** @param {Report} report */
function reservation(report) {
  const start = performance.now();
  for (const name of ['maxDatabaseCapacityBytes', 'maxWriteAheadCapacityBytes']) {
    const number = /\d{4,}/;
    const refused = () => createRuntime({ [name]: 2 ** 40, segmentCapacityBytes: 2 ** 40 });
    report.throws(`${name} that no engine grants`, refused, {
      type: 'SqliteError',
      code: 'RESERVATION_REFUSED',
      message: new RegExp(name),
    });
    report.throws(`${name}: the message names a smaller value`, refused, { message: number });
    report.throws(`${name} beyond what a file can have`, () => createRuntime({ [name]: 2 ** 50 }), {
      code: 'INVALID_CAPACITY',
      message: number,
    });
  }
  report.below('refused within (ms)', performance.now() - start, 10_000);
  report.check('a smaller one is granted after that', createRuntime().database.length > 0);
}

/** @param {Report} report */
async function handles(report) {
  const runtime = createRuntime({ name: 'handles' });
  /** @type {[string, unknown][]} */
  const none = [
    ['undefined', undefined],
    ['null', null],
    ['a number', 5],
    ['a text', 'handles'],
    ['an empty object', {}],
    ['an array', [runtime]],
    ['a control block that is too small', { ...runtime, control: new SharedArrayBuffer(8) }],
    [
      'a control block that is not shared',
      { ...runtime, control: new ArrayBuffer(runtime.control.byteLength) },
    ],
    ['a control block that is missing', { ...runtime, control: undefined }],
    ['no database segments', { ...runtime, database: [] }],
    ['a database segment that is none', { ...runtime, database: [1] }],
    ['no write-ahead segments', { ...runtime, writeAhead: undefined }],
    ['no wal-index', { ...runtime, index: undefined }],
    ['no journal', { ...runtime, journal: null }],
    ['no super-journals', { ...runtime, superJournals: [] }],
    ['an id that is none', { ...runtime, id: 7 }],
    ['an id of another shape', { ...runtime, id: 'x'.repeat(100) }],
    ['a name that is a path', { ...runtime, name: '../other' }],
    ['a segment of three bytes', { ...runtime, database: [new SharedArrayBuffer(3)] }],
    ['an empty segment', { ...runtime, writeAhead: [new SharedArrayBuffer(0)] }],
    ['a wal-index of three bytes', { ...runtime, index: new SharedArrayBuffer(3) }],
    ['a list that is mostly holes', { ...runtime, journal: new Array(2 ** 32 - 1) }],
  ];
  const invalid = { type: 'SqliteError', code: 'INVALID_RUNTIME', message: /createRuntime/ };
  for (const [name, handle] of none) {
    await report.rejects(`open of ${name}`, () => open(/** @type {any} */ (handle)), invalid);
    if (typeof handle !== 'object' || handle === null || !('sharedwal' in handle)) {
      report.throws(
        `diagnostics of ${name}`,
        () => diagnostics(/** @type {any} */ (handle)),
        invalid,
      );
      report.throws(`dispose of ${name}`, () => dispose(/** @type {any} */ (handle)), invalid);
    }
  }
  for (const version of [0, runtime.sharedwal + 1, 999]) {
    const handle = /** @type {any} */ ({ ...runtime, sharedwal: version });
    const wrong = { type: 'SqliteError', code: 'RUNTIME_VERSION', message: /version/ };
    await report.rejects(`open of version ${version}`, () => open(handle), wrong);
    await inFreshWorker(async (worker) => {
      await report.rejects(
        `in a worker, too: version ${version}`,
        async () => {
          try {
            await worker.run('misuse_tasks', 'openHandle', { handle });
          } catch (error) {
            if (error instanceof TaskError) {
              throw Object.assign(new Error(error.message), { code: error.code });
            }
            throw error;
          }
        },
        { code: 'RUNTIME_VERSION' },
      );
    });
  }
  const db = await open(runtime);
  report.equal('the runtime itself is as good as before', db.prepare('select 1').pluck().get(), 1);
  db.close();
}

/** @param {Report} report */
async function afterTheEnd(report) {
  const runtime = createRuntime({ name: 'ended' });
  report.merge(
    await inFreshWorker((worker) => worker.run('misuse_tasks', 'afterTheEnd', { runtime })),
  );
  await report.rejects('open of what another worker disposed of', () => open(runtime), {
    type: 'SqliteError',
    code: 'RUNTIME_DISPOSED',
  });
}

/** @param {Report} report */
async function moduleLoading(report) {
  const runtime = createRuntime({ name: 'module' });
  for (const [name, url] of [
    ['a module that is not there', '/dist/wasm/nowhere.wasm'],
    ['a module that is none', '/package.json'],
  ]) {
    const found = await inFreshWorker((worker) =>
      worker.run('engine_tasks', 'openWithWasm', { runtime, url }),
    );
    report.error(`${name}`, found.error, { code: 'WASM_LOAD_FAILED', message: /wasmUrl/ });
    report.equal(`after ${name} the right one still loads`, found.one, 1);
  }
  await withoutRoom(report, runtime);
}

/**
 * The address space of the page is used up, until a worker that was ended gives its part back.
 *
 * @param {Report} report
 * @param {import('sharedwal').Runtime} runtime
 */
async function withoutRoom(report, runtime) {
  const hog = new TaskWorker('hog');
  /** @type {Promise<void> | undefined} */
  let opening;
  const worker = new ConnectedWorker('patient');
  try {
    await worker.run('engine_tasks', 'nothing');
    const { memories, error } = await hog.run('engine_tasks', 'useUpAddressSpace');
    if (error) report.error('there is no room', error, { message: /memor/i });
    let opened = false;
    opening = worker.connect(runtime).then(() => {
      opened = true;
    });
    await new Promise((resolve) => setTimeout(resolve, 1000));
    report.equal(`after ${memories} memories it waits for room`, opened, error === undefined);
  } finally {
    hog.terminate();
  }
  await opening;
  report.equal('and works then', await worker.value('select 1'), 1);
  worker.terminate();
}

/**
 * The main thread cannot wait: what another connection holds is busy at once, and the message says
 * where waiting is possible.
 *
 * @param {Report} report
 */
async function mainThread(report) {
  const runtime = createRuntime({ name: 'main-contention' });
  const db = await open(runtime, { timeout: 20_000 });
  db.exec('create table t (x)');
  const worker = await ConnectedWorker.open(runtime);
  try {
    await worker.exec('begin immediate; insert into t values (1)');
    for (const sql of ['insert into t values (2)', 'begin immediate']) {
      const start = performance.now();
      report.throws(sql, () => db.exec(sql), {
        type: 'SqliteError',
        code: 'SQLITE_BUSY',
        message: /locked.*worker/s,
      });
      report.below('it says so at once (ms)', performance.now() - start, 5000);
    }
    report.throws('through a statement', () => db.prepare('insert into t values (3)').run(), {
      type: 'SqliteError',
      code: 'SQLITE_BUSY',
      message: /worker/,
    });
    report.equal('reading works meanwhile', db.prepare('select count(*) from t').pluck().get(), 0);
    await worker.exec('commit');
    report.equal('and writing afterwards', db.prepare('insert into t values (4)').run().changes, 1);
    report.equal('both rows are there', await worker.value('select count(*) from t'), 2);
    await worker.close();
  } finally {
    worker.terminate();
  }
  db.close();
}
