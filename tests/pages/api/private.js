// @ts-check
// Private databases: of one context alone, empty or over a copy of bytes.

/**
 * @param {import('../support/report.js').Report} report
 * @param {import('./types.js').Env} env
 */
export async function privateDatabases(report, { open, openSource }) {
  const [db, other] = [await openSource(':memory:'), await openSource(':memory:')];
  report.equal(
    'what it tells of itself',
    [db.name, db.memory, db.readonly, db.open, db.inTransaction, db.connectionId],
    [':memory:', true, false, true, false, -1],
  );
  db.exec(`create table t (id integer primary key, x);
           create table child (t references t); insert into t values (1, 'one')`);
  const insert = db.prepare('insert into t (x) values (?)');
  report.equal('statements run', insert.run('two'), { changes: 1, lastInsertRowid: 2 });
  const fails = db.transaction(() => {
    insert.run('three');
    report.check('in a transaction', db.inTransaction);
    throw new Error('enough');
  });
  report.throws('transactions', fails, { message: 'enough' });
  const rows = [...db.prepare('select id, x from t').iterate()];
  report.equal('rows', rows, [
    { id: 1, x: 'one' },
    { id: 2, x: 'two' },
  ]);
  report.throws('foreign keys are on', () => db.exec('insert into child values (77)'), {
    type: 'SqliteError',
    code: 'SQLITE_CONSTRAINT_FOREIGNKEY',
  });
  report.throws('another one is another database', () => other.exec('select * from t'), {
    type: 'SqliteError',
    message: 'no such table: t',
  });
  const endless = db.prepare(`with recursive n (i) as (select 1 union all select i + 1 from n)
                              select max(i) from n`);
  report.throws('a time limit', () => endless.limit({ timeoutMs: 30 }).get(), {
    type: 'SqliteError',
    code: 'SQLITE_INTERRUPT',
  });
  const beside = other.prepare('select 1').limit({ timeoutMs: 60_000 });
  db.function('beside', () => Number(beside.pluck().get()));
  const outer = db.prepare(`select beside(), (${endless.source})`).limit({ timeoutMs: 30 });
  report.throws('also with another one in the middle', () => outer.get(), {
    type: 'SqliteError',
    code: 'SQLITE_INTERRUPT',
  });
  report.equal('and on', db.prepare('select count(*) from t').pluck().get(), 2);
  report.throws('no snapshots', () => db.exec('begin').snapshot(), { type: 'SqliteError' });
  db.exec('rollback');
  const empty = await openSource('');
  report.equal('the empty name', [empty.name, empty.memory], ['', true]);

  const shared = await open();
  shared.exec(`create table s (id integer primary key, x);
               with recursive n (i) as (select 1 union all select i + 1 from n limit 1000)
               insert into s select i, 'row ' || i from n`);
  report.equal(
    'the shared one is in WAL mode',
    shared.pragma('journal_mode', { simple: true }),
    'wal',
  );
  const image = shared.serialize();
  report.equal('and so are its bytes', [image[18], image[19]], [2, 2]);
  /** @type {[string, Uint8Array | ArrayBuffer | SharedArrayBuffer][]} */
  const kinds = [
    ['a Uint8Array', image],
    ['an ArrayBuffer', image.slice().buffer],
    ['a part of a buffer', within(image)],
    ['a SharedArrayBuffer', shareable(image)],
  ];
  for (const [name, bytes] of kinds) {
    const copy = await openSource(bytes);
    report.equal(
      `over ${name}`,
      [
        copy.name,
        copy.memory,
        copy.prepare('select count(*), sum(id) from s').raw().get(),
        copy.pragma('integrity_check', { simple: true }),
      ],
      [':memory:', true, [1000, 500_500], 'ok'],
    );
    copy.close();
  }
  const copy = await openSource(image);
  copy.exec(`insert into s select id + 1000, randomblob(2000) from s; delete from s where id = 1`);
  report.equal('it grows', copy.prepare('select count(*) from s').pluck().get(), 1999);
  report.atLeast('past its bytes', copy.serialize().length, image.length + 2_000_000);
  report.equal('which are a copy', image[18], 2);
  report.equal('nothing is shared', shared.prepare('select count(*) from s').pluck().get(), 1000);
  const again = await openSource(copy.serialize());
  report.equal('there and back', again.prepare('select count(*) from s').pluck().get(), 1999);

  const readonly = await openSource(image, { readonly: true });
  report.check('one to be read', readonly.readonly);
  report.equal('is', readonly.prepare('select count(*) from s').pluck().get(), 1000);
  report.throws('and not written', () => readonly.exec('delete from s'), {
    type: 'SqliteError',
    code: 'SQLITE_READONLY',
  });
  report.equal(
    'no bytes: an empty database',
    (await openSource(new Uint8Array())).pragma('page_count', { simple: true }),
    0,
  );
  const notOne = { type: 'SqliteError', code: 'SQLITE_NOTADB', message: 'file is not a database' };
  await report.rejects('no database', () => openSource(new Uint8Array(4096).fill(65)), notOne);
  await report.rejects('a few bytes', () => openSource(new Uint8Array([1, 2, 3])), notOne);
  await report.rejects(
    'half of one',
    async () => {
      const half = await openSource(image.slice(0, 4096 * Math.floor(image.length / 8192)));
      return half.prepare('select sum(length(x)) from s').get();
    },
    { type: 'SqliteError', code: 'SQLITE_CORRUPT' },
  );
  await report.rejects('readonly needs bytes', () => openSource(':memory:', { readonly: true }), {
    type: 'TypeError',
    message: 'In-memory/temporary databases cannot be readonly',
  });
  await report.rejects('no journal mode', () => openSource('', { journalMode: 'wal' }), {
    type: 'TypeError',
    code: 'INVALID_OPTION',
  });
  await report.rejects('a name', () => openSource(/** @type {any} */ ('app')), {
    type: 'SqliteError',
    code: 'INVALID_RUNTIME',
  });

  db.exec(`attach '${shared.name}' as shared; create table c as select * from shared.s;
           insert into shared.s values (5000, 'from the private one')`);
  report.equal('a runtime is attached', db.prepare('select count(*) from c').pluck().get(), 1000);
  report.equal(
    'and written',
    shared.prepare('select x from s where id = 5000').pluck().get(),
    'from the private one',
  );
  for (const one of [db, other, empty, shared, copy, again, readonly]) one.close();
  report.throws('closed', () => db.exec('select 1'), {
    type: 'TypeError',
    code: 'CONNECTION_CLOSED',
  });
}

/** @param {Uint8Array} bytes */
function within(bytes) {
  const larger = new Uint8Array(bytes.length + 200).fill(7);
  larger.set(bytes, 100);
  return larger.subarray(100, 100 + bytes.length);
}

/** @param {Uint8Array} bytes */
function shareable(bytes) {
  const buffer = new SharedArrayBuffer(bytes.length);
  new Uint8Array(buffer).set(bytes);
  return buffer;
}
