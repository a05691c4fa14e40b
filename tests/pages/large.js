// @ts-check
// More than 2 GiB, where 31 bits end. It takes 6 GiB of memory, so it runs only when it is asked for.
import { createRuntime, diagnostics, exportDatabase, importDatabase, open } from 'sharedwal';
import { withConnections } from './support/connected_worker.js';
import { Report } from './support/report.js';

const GIB = 2 ** 30;
const MIB = 2 ** 20;
const ROWS = 2560;

/** @param {string} id */
const body = (id) =>
  `cast(replace(hex(zeroblob(${MIB} / 32)), '00', printf('%032d', ${id})) as blob)`;

export async function run() {
  const report = new Report();
  await report.part('large', () => large(report));
  return report.result();
}

/** @param {Report} report */
async function large(report) {
  const runtime = createRuntime({
    name: 'large',
    maxDatabaseCapacityBytes: 4 * GIB,
    maxWriteAheadCapacityBytes: GIB,
  });
  const start = performance.now();
  const step = (/** @type {string} */ name) => {
    report.figures[name] = `${((performance.now() - start) / 1000).toFixed(1)} s`;
  };
  await withConnections(runtime, 2, async ([a, b]) => {
    if (!a || !b) throw new Error('two workers are needed');
    await a.exec('create table t (id integer primary key, body blob)');
    for (let id = 1; id <= ROWS; id += 64) {
      await a.exec(
        `with recursive n (i) as (select ${id} union all select i + 1 from n where i < ${id + 63})
         insert into t select i, ${body('i')} from n`,
      );
    }
    const [busy] = (await a.rows('pragma wal_checkpoint(truncate)'))[0] ?? [];
    report.equal('checkpoint finished', busy, 0);
    step('written and checkpointed');
    report.atLeast('bytes', diagnostics(runtime).database.bytes, 2.5 * GIB);
    const right = (/** @type {number} */ id) =>
      `select count(*) from t where id = ${id} and body = ${body(String(id))}`;
    for (const id of [1, 2000, 2047, 2048, 2049, ROWS]) {
      report.equal(`row ${id}`, await b.value(right(id)), 1);
    }
    await a.exec(`begin; update t set body = zeroblob(${MIB}) where id > 2500`);
    report.equal('the far end beside a writer', await b.value(right(ROWS)), 1);
    await a.exec('rollback');
    await b.exec(`update t set body = ${body('7')} where id = ${ROWS}`);
    report.equal(
      'changed',
      await a.value(`select body = ${body('7')} from t where id = ${ROWS}`),
      1,
    );
    await b.exec(`update t set body = ${body('id')} where id = ${ROWS}`);
    report.equal('quick_check', await b.value('pragma quick_check'), 'ok');
    step('quick_check');
    await a.close();
    await b.close();
  });
  const bytes = await exportDatabase(runtime);
  report.equal('bytes exported', bytes.length, diagnostics(runtime).database.bytes);
  step('exported');
  await importDatabase(runtime, { database: bytes });
  step('imported');
  const db = await open(runtime);
  report.equal(
    'the far end after the import',
    db
      .prepare(`select body = ${body('id')} from t where id = ${ROWS}`)
      .pluck()
      .get(),
    1,
  );
  report.equal('rows', db.prepare('select count(*) from t').pluck().get(), ROWS);
  db.close();
}
