// @ts-check
// A file of SQLite's own command line comes in, and one for it goes out: the test hands over what
// `made.db` and `made.db-wal` are, and takes the base64 text of `globalThis.exported`.
import { createRuntime, exportDatabase, importDatabase } from 'sharedwal';
import { withConnections } from './support/connected_worker.js';
import { Report } from './support/report.js';

/** @param {Record<string, string>} params */
export async function run(params) {
  const report = new Report();
  const get = async (/** @type {string} */ name) => (await fetch(name)).arrayBuffer();
  const [database, wal] = await Promise.all([get('/made.db'), get('/made.db-wal')]);
  report.atLeast('bytes of the log', wal.byteLength, 32);
  const runtime = createRuntime({ name: 'files' });
  await importDatabase(runtime, { database, wal });
  await withConnections(runtime, 2, async ([a, b]) => {
    if (!a || !b) throw new Error('two workers are needed');
    report.equal('rows', await a.value('select count(*) from t'), Number(params.rows));
    report.equal(
      'the log was replayed',
      await b.value('select text from t where id = 7'),
      'from the log',
    );
    report.equal('integrity_check', await b.value('pragma integrity_check'), 'ok');
    const before = await exportDatabase(runtime);
    const unchanged = base64(before);
    await a.exec("insert into t (text) values ('from here')");
    await b.exec("update t set text = 'ünïcode' where id = 9");
    const changed = base64(await exportDatabase(runtime));
    Object.assign(globalThis, { exported: { unchanged, changed } });
    await a.close();
    await b.close();
  });
  return report.result();
}

/** @param {Uint8Array} bytes */
function base64(bytes) {
  let text = '';
  for (let at = 0; at < bytes.length; at += 32_768) {
    text += String.fromCharCode(...bytes.subarray(at, at + 32_768));
  }
  return btoa(text);
}
