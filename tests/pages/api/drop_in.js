// @ts-check
// `sharedwal/better-sqlite3`: databases that are opened at once, by name.

const sleep = (/** @type {number} */ ms) => new Promise((resolve) => setTimeout(resolve, ms));

/**
 * Before `init()`, in a context that has opened nothing yet.
 *
 * @param {import('../support/report.js').Report} report
 * @param {import('./types.js').Env} env
 */
export async function beforeInit(report, { Database, createRuntime }) {
  const early = { type: 'SqliteError', code: 'NOT_INITIALIZED', message: /await init/ };
  report.throws('nothing is private', () => new Database(':memory:'), early);
  report.throws('nor shared', () => new Database(createRuntime()), early);
  report.throws('names are unknown', () => new Database('app'), {
    type: 'SqliteError',
    code: 'UNKNOWN_DATABASE',
    message: /none is registered/,
  });
}

/**
 * @param {import('../support/report.js').Report} report
 * @param {import('./types.js').Env} env
 */
export async function dropIn(report, env) {
  const { Database, init, createRuntime, openSource, SqliteError, states } = env;
  const [app, cache] = [createRuntime({ name: 'app' }), createRuntime({ name: 'cache' })];
  await init({ runtimes: [app, cache] });

  const db = new Database('app');
  db.exec('create table t (x); insert into t values (1)');
  report.equal('it is open at once', states(app), ['unproven']);
  report.equal(
    'what it tells',
    [db.name, db.memory, db.readonly, db.open],
    ['app', false, false, true],
  );
  const other = await openSource(app);
  report.equal('others see it', other.prepare('select x from t').pluck().all(), [1]);
  report.equal('in WAL mode', db.pragma('journal_mode', { simple: true }), 'wal');
  const provable = globalThis.navigator?.locks !== undefined;
  for (let i = 0; provable && i < 500 && states(app).includes('unproven'); i++) await sleep(10);
  report.equal(
    'its worker proves soon that it lives, where that can be',
    states(app),
    provable ? ['live', 'live'] : ['unproven', 'unproven'],
  );
  report.equal('and it goes on', db.prepare('insert into t values (2)').run().changes, 1);
  db.close();
  report.equal('a closed one is gone', states(app).length, 1);
  for (let i = 0; i < 5; i++) new Database('app').close();
  await sleep(20);
  report.equal('also before it was proven', states(app).length, 1);
  const silent = createRuntime({ name: 'silent', webLocks: false });
  const unproven = new Database(silent);
  await sleep(20);
  report.equal('without Web Locks it never is', states(silent), ['unproven']);
  unproven.close();
  const full = createRuntime({ name: 'full' });
  const all = Array.from({ length: 64 }, () => new Database(full));
  report.throws('64 of them', () => new Database(full), {
    type: 'SqliteError',
    code: 'TOO_MANY_CONNECTIONS',
  });
  for (const one of all) one.close();

  const without = /** @type {any} */ (Database)('cache');
  report.check('without new', without instanceof Database && without.open);
  class Mine extends Database {
    answer() {
      return this.prepare('select 42').pluck().get();
    }
  }
  const mine = new Mine('app');
  report.equal(
    'a class of its own',
    [mine instanceof Mine, mine instanceof Database, mine.answer(), mine.name],
    [true, true, 42, 'app'],
  );
  report.check('the constructor', without.constructor === Database && Database.name === 'Database');
  report.check('its errors', Database.SqliteError === SqliteError);
  report.throws('are what it throws', () => without.exec('nonsense'), {
    type: 'SqliteError',
    code: 'SQLITE_ERROR',
  });
  const trimmed = new Database(' app ');
  report.equal(
    'names are trimmed',
    [trimmed.name, trimmed.prepare('select count(*) from t').pluck().get()],
    [' app ', 2],
  );
  const direct = new Database(app);
  report.equal('a runtime', direct.prepare('select count(*) from t').pluck().get(), 2);

  for (const nothing of [undefined, null, '', ':memory:']) {
    const own = new Database(nothing);
    own.exec('create table mine (x)');
    report.equal(`private: ${nothing}`, [own.memory, own.name], [true, nothing ?? '']);
    own.close();
  }
  const image = direct.serialize();
  const copy = new Database(image);
  report.equal('bytes', copy.prepare('select count(*) from t').pluck().get(), 2);
  copy.exec('insert into t values (3)');
  report.equal('backup by name', (await copy.backup('cache')).remainingPages, 0);
  report.equal('has arrived', without.prepare('select count(*) from t').pluck().get(), 3);
  await report.rejects('backup to an unknown name', () => copy.backup('nowhere'), {
    type: 'SqliteError',
    code: 'UNKNOWN_DATABASE',
  });
  await report.rejects('backup to no name', () => copy.backup(' '), {
    type: 'TypeError',
    message: 'Backup filename cannot be an empty string',
  });
  await report.rejects('backup to memory', () => copy.backup(':memory:'), {
    type: 'TypeError',
    message: 'Invalid backup filename ":memory:"',
  });

  report.throws('an unknown name', () => new Database('nowhere'), {
    type: 'SqliteError',
    code: 'UNKNOWN_DATABASE',
    message: /no database "nowhere".*"app", "cache"/,
  });
  const readonly = new Database('app', { readonly: true, timeout: 10, nativeBinding: './x.node' });
  report.throws('readonly', () => readonly.exec('delete from t'), { code: 'SQLITE_READONLY' });
  readonly.close();
  const fresh = createRuntime({ name: 'fresh' });
  report.throws('fileMustExist', () => new Database(fresh, { fileMustExist: true }), {
    type: 'SqliteError',
    code: 'SQLITE_CANTOPEN',
  });
  report.equal('leaves nothing', states(fresh), []);
  /** @type {unknown[]} */
  const log = [];
  new Database('app', { verbose: (sql) => log.push(sql) }).exec('select 1').close();
  report.equal('verbose', log, ['select 1']);
  new Database('app', null).close();
  /** @type {(options: any) => () => unknown} */
  const wrong = (options) => () => new Database('app', options);
  report.throws('readOnly', wrong({ readOnly: true }), {
    type: 'TypeError',
    message: 'Misspelled option "readOnly" should be "readonly"',
  });
  report.throws('memory', wrong({ memory: true }), { type: 'TypeError', message: /v7\.0\.0/ });
  report.throws('no options', wrong(5), {
    type: 'TypeError',
    message: 'Expected second argument to be an options object',
  });
  report.throws('an unknown option', wrong({ cached: true }), { code: 'INVALID_OPTION' });
  report.throws('a timeout', wrong({ timeout: -1 }), {
    type: 'TypeError',
    message: 'Expected the "timeout" option to be a positive integer',
  });
  report.throws('no name', () => new Database(/** @type {any} */ (5)), {
    type: 'TypeError',
    message: 'Expected first argument to be a string',
  });
  report.throws('no runtime', () => new Database(/** @type {any} */ ({})), {
    code: 'INVALID_RUNTIME',
  });
  report.throws('memory is not readonly', () => new Database(':memory:', { readonly: true }), {
    type: 'TypeError',
    message: 'In-memory/temporary databases cannot be readonly',
  });

  await init({ runtimes: { './data/app.db': app } });
  const byPath = new Database('./data/app.db', { fileMustExist: true });
  report.equal(
    'a path',
    [byPath.name, byPath.prepare('select count(*) from t').pluck().get()],
    ['./data/app.db', 2],
  );
  byPath.close();
  await init({ runtimes: [createRuntime({ name: 'cache' })] });
  const replaced = new Database('cache');
  report.equal(
    'the later one counts',
    replaced.prepare('select count(*) from sqlite_schema').pluck().get(),
    0,
  );
  replaced.close();
  /** @type {[string, any, string][]} */
  const refused = [
    ['two of one name', [app, createRuntime({ name: 'app' })], 'INVALID_OPTION'],
    ['a private name', { ':memory:': app }, 'INVALID_OPTION'],
    ['none', 5, 'INVALID_OPTION'],
    ['something else', [{ name: 'x' }], 'INVALID_RUNTIME'],
    ['nothing', [undefined], 'INVALID_RUNTIME'],
  ];
  for (const [name, runtimes, code] of refused) {
    await report.rejects(`init: ${name}`, () => init({ runtimes }), { code });
  }
  for (const one of [other, mine, without, trimmed, direct, copy]) one.close();
}
