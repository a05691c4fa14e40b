// @ts-check
// What functions of the user's may do in the middle of a statement: throw, use other connections, make
// the memory grow; but not use their own connection.

/**
 * @param {import('../support/report.js').Report} report
 * @param {import('./types.js').Env} env
 */
export async function userCode(report, { open, again, SqliteError, differs }) {
  const db = await open();
  db.pragma('journal_mode = wal');
  db.exec('create table t (x integer primary key, y); insert into t values (1, 1), (2, 4), (3, 9)');
  const rows = (/** @type {string} */ sql) => db.prepare(sql).raw().all();
  const SELECT =
    'with recursive n (i) as (select 1 union all select i + 1 from n limit 3000) select i from n';

  // What is thrown.
  /** @type {any} */
  let error;
  let at = 0;
  db.function('throws_at', (x) => {
    if (x === at) throw error;
    return x;
  });
  const catches = (/** @type {() => unknown} */ action) => {
    try {
      action();
    } catch (caught) {
      return { caught };
    }
    return undefined;
  };
  for (error of [
    new Error('mine'),
    new SqliteError('theirs', 'SQLITE_BUSY'),
    'a string',
    undefined,
    null,
    0,
  ]) {
    at = 2;
    /** @type {[string, () => unknown][]} */
    const calls = [
      ['get', () => db.prepare('select throws_at(2)').get()],
      ['all', () => db.prepare('select throws_at(x) from t').all()],
      ['run', () => db.prepare('update t set y = throws_at(x)').run()],
      ['iterate', () => [...db.prepare('select throws_at(x) from t').iterate()]],
      ['exec', () => db.exec('select 1; select throws_at(x) from t; delete from t')],
      ['pragma', () => db.pragma("table_info('t') /* */")],
      [
        'a transaction',
        () => db.transaction(() => db.exec('delete from t where throws_at(x) > 0'))(),
      ],
    ];
    for (const [name, call] of calls) {
      const thrown = catches(call);
      if (name === 'pragma')
        report.check(`${String(error)} is not left over`, thrown === undefined);
      else
        report.check(
          `${String(error)} comes out of ${name}`,
          thrown !== undefined && thrown.caught === error,
          String(thrown?.caught),
        );
    }
    report.check('no transaction is left', !db.inTransaction);
    report.equal('nothing was changed', rows('select sum(x), sum(y) from t'), [[6, 14]]);
  }
  error = new Error('mine');
  at = 2500;
  const iterator = db.prepare(`select throws_at(i) from (${SELECT})`).pluck().iterate();
  let last = 0;
  const thrown = catches(() => {
    for (const value of iterator) last = /** @type {number} */ (value);
  });
  report.equal('an iterator hands out the rows before', last, 2499);
  report.check('and then throws', thrown?.caught === error);
  report.check('once', iterator.next().done === true);
  db.exec('begin; update t set y = 0 where x = 1');
  at = 3;
  catches(() => db.prepare('update t set y = throws_at(x)').run());
  report.check('a transaction goes on after it', db.inTransaction);
  report.equal('without what the statement did', rows('select y from t'), [[0], [4], [9]]);
  db.exec('rollback');
  db.exec('create trigger tr before insert on t begin select throws_at(new.x); end');
  report.check(
    'out of a trigger',
    catches(() => db.exec('insert into t values (3, 3)'))?.caught === error,
  );
  db.exec('drop trigger tr');

  // Its own connection.
  /** @type {() => unknown} */
  let action = () => null;
  /** @type {unknown} */
  let refused;
  db.function('does', () => {
    refused = catches(action)?.caught;
    return 1;
  });
  db.aggregate('does_all', {
    start: 0,
    step: (_total, _x) => {
      refused = catches(action)?.caught;
    },
  });
  db.table('does_too', {
    columns: ['a'],
    *rows() {
      refused = catches(action)?.caught;
      yield [1];
    },
  });
  db.table('does_module', () => {
    refused = catches(action)?.caught;
    return {
      columns: ['a'],
      rows: function* rows() {
        yield [1];
      },
    };
  });
  const statement = db.prepare('select x from t');
  // An iterator that has begun refuses writes there.
  const left = differs ? db.prepare('select x from t').iterate() : undefined;
  left?.next();
  const inserts = db.transaction(() => db.exec('insert into t values (100, 100)'));
  const running = db.prepare(`select does(), i from (${SELECT})`);
  const runningIterator = differs ? running.iterate() : undefined;
  /** @type {Record<string, () => unknown>} */
  const uses = {
    prepare: () => db.prepare('select 1'),
    exec: () => db.exec('select 1'),
    pragma: () => db.pragma('user_version'),
    get: () => statement.get(),
    all: () => statement.all(),
    run: () => db.prepare('delete from t').run(),
    iterate: () => statement.iterate().next(),
    pluck: () => statement.pluck(),
    raw: () => statement.raw(),
    expand: () => statement.expand(),
    safeIntegers: () => statement.safeIntegers(),
    columns: () => statement.columns(),
    bind: () => statement.bind(),
    'a transaction': () => inserts(),
    function: () => db.function('g', () => 1),
    aggregate: () => db.aggregate('g', { step: () => 1 }),
    table: () => db.table('g', { columns: ['a'], *rows() {} }),
    close: () => db.close(),
    ...(differs && {
      'the next row of an iterator': () => left?.next(),
      'the end of an iterator': () => left?.return?.(),
      'the end of the one that is running': () => runningIterator?.return?.(),
      snapshot: () => db.snapshot(),
      'the end of a using block': () => db[Symbol.dispose](),
    }),
  };
  const busy = {
    type: 'TypeError',
    message: 'This database connection is busy executing a query',
    ...(differs && { code: 'CONNECTION_BUSY' }),
  };
  const inside = {
    'a function': () => db.prepare('select does()').get(),
    'a function in exec': () => db.exec('select does()'),
    'an aggregate': () => db.prepare('select does_all(x) from t').get(),
    'a table': () => db.prepare('select * from does_too').all(),
  };
  for (const [place, run] of Object.entries(inside)) {
    for (const [name, use] of Object.entries(uses)) {
      action = use;
      refused = undefined;
      run();
      report.throws(
        `${name} in ${place}`,
        () => {
          if (refused !== undefined) throw refused;
        },
        busy,
      );
    }
  }
  if (differs) {
    action = uses.prepare ?? action;
    refused = undefined;
    db.exec('create virtual table made using does_module; drop table made');
    report.throws(
      'prepare in a module',
      () => {
        if (refused !== undefined) throw refused;
      },
      busy,
    );
    action = /** @type {() => unknown} */ (uses['the end of the one that is running']);
    refused = undefined;
    report.equal('an iterator that tries to end itself', runningIterator?.next().value, {
      'does()': 1,
      i: 1,
    });
    report.check('is refused', refused instanceof TypeError);
    report.equal('and goes on', [...(runningIterator ?? [])].length, 2999);
  }
  action = () => null;
  report.equal('the connection is free after it', rows('select x from t'), [[1], [2], [3]]);
  action = () => {
    if (!db.open || db.inTransaction || db.name === '') throw new Error('wrong');
  };
  refused = undefined;
  db.prepare('select does()').get();
  report.equal('what it is can be asked', refused, undefined);

  // Other connections, while this one is in the middle of a fetch.
  const other = await again(db);
  const elsewhere = await open();
  elsewhere.exec('create table words (id integer primary key, word); begin');
  const add = elsewhere.prepare('insert into words values (?, ?)');
  for (let i = 1; i <= 3000; i++) add.run(i, `word number ${i} ${'é'.repeat(i % 50)}`);
  elsewhere.exec('commit');
  const lookup = elsewhere.prepare('select word from words where id = ?').pluck();
  const range = elsewhere.prepare('select id, word from words where id <= ? order by id').raw();
  db.function('lookup', (id) => /** @type {string} */ (lookup.get(id)));
  db.function('lookups', (id) =>
    /** @type {[number, string][]} */ (range.all(id)).reduce(
      (sum, [one, word]) => sum + one + word.length,
      0,
    ),
  );
  db.function('walks', (id) => {
    let sum = 0;
    for (const row of range.iterate(id)) {
      const [one, word] = /** @type {[number, string]} */ (row);
      sum += one + word.length;
    }
    return sum;
  });
  const expected = new Map(/** @type {[number, string][]} */ (range.all(3000)));
  const sums = [...expected].reduce(
    (list, [id, word]) => [...list.slice(-3000), (list.at(-1) ?? 0) + id + word.length],
    /** @type {number[]} */ ([]),
  );
  const nested = db
    .prepare(`select i, 'kept ' || i, lookup(i), i * 2.5, hex(i) from (${SELECT})`)
    .raw();
  report.equal(
    'a function that reads elsewhere for each row',
    nested.all(),
    [...expected].map(([id, word]) => [id, `kept ${id}`, word, id * 2.5, hex(`${id}`)]),
  );
  report.equal('with an iterator outside', [...nested.iterate()].length, 3000);
  report.equal(
    'whole results and iterators inside',
    rows('select x, lookups(x * 50), walks(x * 50), x from t'),
    [1, 2, 3].map((x) => [x, sums[x * 50 - 1], sums[x * 50 - 1], x]),
  );
  db.table('join_elsewhere', {
    columns: ['id', 'word'],
    *rows(/** @type {any} */ upTo) {
      yield* /** @type {Iterable<any>} */ (elsewhere.prepare(range.source).raw().iterate(upTo));
    },
  });
  report.equal(
    'a table that reads elsewhere, joined with itself',
    rows(
      'select count(*), sum(a.id), sum(length(b.word)) from join_elsewhere(200) a join join_elsewhere(200) b using (id)',
    ),
    [[200, 20100, [...expected].slice(0, 200).reduce((sum, [, word]) => sum + word.length, 0)]],
  );
  other.exec('create table log (x)');
  const note = other.prepare('insert into log values (?)');
  db.function('logs', (x) => {
    note.run(x);
    return x;
  });
  report.equal('one that writes by another connection', rows('select logs(x) from t'), [
    [1],
    [2],
    [3],
  ]);
  report.equal('has written', rows('select count(*) from log'), [[3]]);
  other.function('deeper', (x) => {
    if (x === 3) throw error;
    return /** @type {string} */ (lookup.get(x));
  });
  const deeper = other.prepare('select deeper(?)').pluck();
  db.function('deep', (x) => `${x}: ${deeper.get(x)}`);
  report.equal('three deep', rows('select deep(x) from t where x < 3'), [
    [`1: ${expected.get(1)}`],
    [`2: ${expected.get(2)}`],
  ]);
  report.check(
    'an error from three deep',
    catches(() => rows('select deep(x) from t'))?.caught === error,
  );
  db.function('survives', (x) => (catches(() => deeper.get(x)) ? 'caught' : 'well'));
  report.equal('one that is caught on the way', rows('select survives(x) from t'), [
    ['well'],
    ['well'],
    ['caught'],
  ]);
  db.function('compiles', (x) =>
    elsewhere.prepare(`select ${x} + ${Math.random()} - ${x}`).pluck().get() !== null ? x : -1,
  );
  report.equal('one that compiles', rows('select compiles(x), x from t'), [
    [1, 1],
    [2, 2],
    [3, 3],
  ]);
  db.function('registers', (x) => {
    elsewhere.function(`f${x}`, () => x * 10);
    return /** @type {number} */ (elsewhere.prepare(`select f${x}()`).pluck().get());
  });
  report.equal('one that registers', rows('select registers(x) from t'), [[10], [20], [30]]);

  let compilations = 0;
  const module = () => {
    // Longer than the SQL outside, which is being compiled, and no statement that is there already.
    elsewhere.prepare(`select ${compilations++}, '${'x'.repeat(500)}'`).get();
    return {
      columns: ['a'],
      rows: function* rows() {
        yield ['made'];
      },
    };
  };
  db.table('compiled', module);
  db.exec('create virtual table persisted using compiled');
  const fresh = await again(db);
  fresh.table('compiled', module);
  report.equal(
    'a module that compiles while a statement is compiled',
    fresh.prepare('select a from persisted;  -- and a comment').all(),
    [{ a: 'made' }],
  );
  fresh.close();
  db.exec('drop table persisted');

  // The memory of the instance grows in the middle.
  let size = 1 << 22;
  db.function('grows', (x) => {
    size += 1 << 20;
    return /** @type {string} */ (
      elsewhere.prepare('select length(?)').pluck().get(new Uint8Array(size)) === size
        ? `${x} grown`
        : 'wrong'
    );
  });
  report.equal(
    'rows around a function that makes the memory grow',
    rows("select x, 'before ' || x, grows(x), 'after ' || x, x * 1.5 from t"),
    [1, 2, 3].map((x) => [x, `before ${x}`, `${x} grown`, `after ${x}`, x * 1.5]),
  );
  db.function('large', (x, before) => {
    size += 1 << 20;
    return `${before}${x}`.padEnd(size, '.');
  });
  report.equal(
    'large results',
    rows("select length(large(x, 'b')) > 4194304, substr(large(x, 'b'), 1, 2), x from t"),
    [1, 2, 3].map((x) => [1, `b${x}`, x]),
  );

  // Limits.
  if (differs) {
    const wait = (/** @type {number} */ ms) => {
      for (const end = performance.now() + ms; performance.now() < end; );
    };
    let waits = 0;
    db.function('slow', (ms) => {
      waits++;
      wait(ms);
      return ms;
    });
    const over = { type: 'SqliteError', code: 'SQLITE_INTERRUPT', message: /timeoutMs/ };
    const slow = db
      .prepare(`insert into log select slow(60) from (${SELECT})`)
      .limit({ timeoutMs: 50 });
    report.throws('a slow function and a time limit', () => slow.run(), over);
    report.equal('it is called once', waits, 1);
    report.equal('nothing was written', rows('select count(*) from log'), [[3]]);
    const inner = elsewhere
      .prepare(`select max(i) from (${SELECT.replace('limit 3000', '')})`)
      .limit({ timeoutMs: 20 });
    db.function('limited', () =>
      catches(() => inner.get())?.caught instanceof SqliteError ? 1 : 0,
    );
    const outer = db.prepare(`select sum(limited()) from (${SELECT})`).limit({ timeoutMs: 100 });
    report.throws('limits inside of limits', () => outer.get(), over);
    report.check(
      'the connections are free after it',
      !db.inTransaction && !elsewhere.inTransaction,
    );
    report.equal(
      'and not limited',
      [rows('select slow(150)'), elsewhere.prepare('select 1').pluck().get()],
      [[[150]], 1],
    );
    db.table('slow_rows', {
      columns: ['a'],
      *rows() {
        for (;;) {
          waits++;
          wait(60);
          yield [1];
        }
      },
    });
    waits = 0;
    report.throws(
      'a slow generator',
      () => db.prepare('select count(*) from slow_rows').limit({ timeoutMs: 50 }).get(),
      over,
    );
    report.equal('it is asked for one row', waits, 1);
    db.aggregate('slow_sum', {
      start: 0,
      step: (sum, x) => {
        waits++;
        wait(60);
        return sum + x;
      },
      result: () => {
        throw error;
      },
    });
    waits = 0;
    report.throws(
      'a slow aggregate',
      () => db.prepare(`select slow_sum(i) from (${SELECT})`).limit({ timeoutMs: 50 }).get(),
      over,
    );
    report.equal('it gets one row', waits, 1);
    report.throws('unsafeMode', () => db.unsafeMode(), {
      type: 'SqliteError',
      code: 'UNSUPPORTED',
      message: /iterators/,
    });
    report.check('which is off', db.unsafeMode(false) === db);
    report.throws('loadExtension', () => db.loadExtension('x.so'), {
      type: 'SqliteError',
      code: 'UNSUPPORTED',
      message: /"x.so".*WebAssembly/,
    });
    report.throws(
      'an extension that is no string',
      () => db.loadExtension(/** @type {any} */ (5)),
      { type: 'TypeError', code: 'INVALID_ARGUMENT' },
    );
  }
  for (const one of [elsewhere, other, db]) one.close();
}

/** @param {string} text */
function hex(text) {
  return Array.from(text, (letter) => letter.charCodeAt(0).toString(16))
    .join('')
    .toUpperCase();
}
