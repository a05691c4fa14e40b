// @ts-check
// prepare, exec, run, get, all, and the ways in which rows come out.

/**
 * @param {import('../support/report.js').Report} report
 * @param {import('./types.js').Env} env
 */
export async function statements(report, { open, SqliteError }) {
  const db = await open();
  report.check(
    'exec answers the database',
    db.exec('create table t (id integer primary key, a text, b)') === db,
  );
  report.check('exec of nothing', db.exec('') === db && db.exec(' -- only a comment\n ;;') === db);
  report.throws('exec of a non-string', () => db.exec(/** @type {any} */ (5)), {
    type: 'TypeError',
    message: 'Expected first argument to be a string',
  });

  await report.part('prepare', () => {
    report.throws('a non-string', () => db.prepare(/** @type {any} */ (undefined)), {
      type: 'TypeError',
      message: 'Expected first argument to be a string',
    });
    report.throws('nothing', () => db.prepare(''), {
      type: 'RangeError',
      message: 'The supplied SQL string contains no statements',
    });
    report.throws('only a comment', () => db.prepare('-- nothing\n /* here */ ; '), {
      type: 'RangeError',
      message: 'The supplied SQL string contains no statements',
    });
    report.throws('two statements', () => db.prepare('select 1; select 2'), {
      type: 'RangeError',
      message: 'The supplied SQL string contains more than one statement',
    });
    report.throws(
      'two statements, the second behind a comment',
      () => db.prepare('select 1; /* two */ select 2'),
      { type: 'RangeError', message: 'The supplied SQL string contains more than one statement' },
    );
    report.equal(
      'a semicolon, comments and spaces may follow',
      db.prepare('select 1; -- one\n /* two */ ;; \t\n').pluck().get(),
      1,
    );
    report.throws('a mistake', () => db.prepare('selec 1'), {
      type: 'SqliteError',
      code: 'SQLITE_ERROR',
      message: 'near "selec": syntax error',
    });
    report.throws('a table that is not there', () => db.prepare('select * from nowhere'), {
      type: 'SqliteError',
      code: 'SQLITE_ERROR',
      message: 'no such table: nowhere',
    });
    report.throws('an incomplete statement', () => db.prepare('select'), {
      type: 'SqliteError',
      code: 'SQLITE_ERROR',
      message: 'incomplete input',
    });
    report.equal('unicode in the text', db.prepare('select \'ünï 😀\' as "ä😀"').get(), {
      'ä😀': 'ünï 😀',
    });
  });

  await report.part('properties', () => {
    const select = db.prepare('select * from t');
    const insert = db.prepare('insert into t (a) values (?)');
    const returning = db.prepare('insert into t (a) values (?) returning id');
    report.equal('reader', [select.reader, insert.reader, returning.reader], [true, false, true]);
    report.equal(
      'readonly',
      [select.readonly, insert.readonly, returning.readonly],
      [true, false, false],
    );
    report.equal('source', select.source, 'select * from t');
    report.check('database', select.database === db);
    report.equal('busy', [select.busy, insert.busy], [false, false]);
    report.equal('PRAGMA is a reader', db.prepare('pragma table_info(t)').reader, true);
    report.equal('BEGIN is no reader', db.prepare('begin').reader, false);
    report.equal(
      'EXPLAIN is a reader',
      db.prepare('explain insert into t (a) values (1)').reader,
      true,
    );
    report.throws(
      'source is fixed',
      () => {
        /** @type {any} */ (select).source = 'x';
      },
      { type: 'TypeError' },
    );
  });

  await report.part('run', () => {
    const insert = db.prepare('insert into t (a, b) values (?, ?)');
    report.equal('first row', insert.run('x', 1), { changes: 1, lastInsertRowid: 1 });
    report.equal('second row', insert.run('y', 2), { changes: 1, lastInsertRowid: 2 });
    report.equal(
      'a chosen rowid',
      db.prepare('insert into t (id, a) values (?, ?)').run(100, 'z'),
      { changes: 1, lastInsertRowid: 100 },
    );
    report.equal('an update of all', db.prepare("update t set b = 'u'").run().changes, 3);
    report.equal(
      'an update of none',
      db.prepare("update t set b = 'v' where id = -1").run().changes,
      0,
    );
    report.equal('a select changes nothing', db.prepare('select 1').run().changes, 0);
    report.equal('DDL changes nothing', db.prepare('create table u (x)').run().changes, 0);
    report.equal(
      'RETURNING runs, too',
      db.prepare('update t set b = 3 returning id').run().changes,
      3,
    );
    report.equal(
      'insert … select',
      db.prepare('insert into u select 1 union all select 2').run().changes,
      2,
    );
    report.equal('delete', db.prepare('delete from u').run().changes, 2);
    db.exec(
      'create table log (n); create trigger logged after insert on u begin insert into log values (1); insert into log values (2); end',
    );
    report.equal(
      'changes of a trigger do not count',
      db.prepare('insert into u values (7)').run().changes,
      1,
    );
    report.equal('but they are made', db.prepare('select count(*) from log').pluck().get(), 2);
    report.throws('a reader by get that is none', () => insert.get('a', 'b'), {
      type: 'TypeError',
      message: 'This statement does not return data. Use run() instead',
    });
    report.throws('all', () => insert.all('a', 'b'), {
      type: 'TypeError',
      message: 'This statement does not return data. Use run() instead',
    });
    report.throws('iterate', () => insert.iterate('a', 'b'), {
      type: 'TypeError',
      message: 'This statement does not return data. Use run() instead',
    });
    report.throws('pluck', () => insert.pluck(), {
      type: 'TypeError',
      message: 'The pluck() method is only for statements that return data',
    });
    report.throws('raw', () => insert.raw(), {
      type: 'TypeError',
      message: 'The raw() method is only for statements that return data',
    });
    report.throws('expand', () => insert.expand(), {
      type: 'TypeError',
      message: 'The expand() method is only for statements that return data',
    });
    report.throws('columns', () => insert.columns(), {
      type: 'TypeError',
      message: 'The columns() method is only for statements that return data',
    });
    report.equal('none of those inserted', db.prepare('select count(*) from t').pluck().get(), 3);
  });

  await report.part('get and all', () => {
    const select = db.prepare('select id, a from t order by id');
    report.equal('get', select.get(), { id: 1, a: 'x' });
    report.equal('get again starts anew', select.get(), { id: 1, a: 'x' });
    report.equal('all', select.all(), [
      { id: 1, a: 'x' },
      { id: 2, a: 'y' },
      { id: 100, a: 'z' },
    ]);
    const none = db.prepare('select * from t where 0');
    report.equal('get of no row', none.get(), undefined);
    report.equal('all of no row', none.all(), []);
    report.equal(
      'RETURNING by get',
      db.prepare("insert into t (a) values ('r') returning a, id").get(),
      { a: 'r', id: 101 },
    );
    report.equal(
      'it was inserted once',
      db.prepare("select count(*) from t where a = 'r'").pluck().get(),
      1,
    );
    report.equal('RETURNING by all', db.prepare("delete from t where a = 'r' returning id").all(), [
      { id: 101 },
    ]);
    report.equal(
      'two columns of one name: the last wins',
      db.prepare('select 1 as a, 2 as a').get(),
      { a: 2 },
    );
    report.equal(
      'a column named __proto__ is a column',
      Object.keys(
        /** @type {object} */ (db.prepare('select 1 as toString, 2 as "1"').get()),
      ).sort(),
      ['1', 'toString'],
    );
    const row = /** @type {object} */ (select.get());
    report.check('a row is a plain object', Object.getPrototypeOf(row) === Object.prototype);
  });

  await report.part('forms', () => {
    const select = db.prepare('select id, a from t order by id');
    report.check('pluck answers the statement', select.pluck() === select);
    report.equal('pluck', [select.get(), select.all()], [1, [1, 2, 100]]);
    report.equal('pluck off', select.pluck(false).get(), { id: 1, a: 'x' });
    report.equal('raw', select.raw().all(), [
      [1, 'x'],
      [2, 'y'],
      [100, 'z'],
    ]);
    report.equal('pluck after raw', select.pluck().get(), 1);
    report.equal('raw off leaves pluck', select.raw(false).get(), 1);
    report.equal('raw after pluck', select.raw(true).get(), [1, 'x']);
    report.equal('pluck off leaves raw', select.pluck(false).get(), [1, 'x']);
    report.equal('raw off', select.raw(false).get(), { id: 1, a: 'x' });
    report.throws('a toggle that is no boolean', () => select.pluck(/** @type {any} */ (1)), {
      type: 'TypeError',
      message: 'Expected first argument to be a boolean',
    });
    db.exec(
      "create table o (id integer primary key, t integer, a text); insert into o values (5, 1, 'o')",
    );
    const join = db
      .prepare(
        "select t.id, t.a, o.id, o.a, o.id + 1 as next, 'c' as c from t join o on o.t = t.id",
      )
      .expand();
    report.equal('expand', join.get(), {
      t: { id: 1, a: 'x' },
      o: { id: 5, a: 'o' },
      $: { next: 6, c: 'c' },
    });
    report.equal('expand off', join.expand(false).get(), { id: 5, a: 'o', next: 6, c: 'c' });
    report.equal('expand by all', join.expand().all().length, 1);
    report.equal(
      'alias of a table does not matter',
      db.prepare('select x.id from t as x order by 1').expand().get(),
      { t: { id: 1 } },
    );
  });

  await report.part('columns', () => {
    db.exec('create view v as select id as vid, a from t');
    report.equal(
      'of a table',
      db.prepare('select id, a as alias, b, 1 + 1 as two from t').columns(),
      [
        { name: 'id', column: 'id', table: 't', database: 'main', type: 'INTEGER' },
        { name: 'alias', column: 'a', table: 't', database: 'main', type: 'TEXT' },
        { name: 'b', column: 'b', table: 't', database: 'main', type: null },
        { name: 'two', column: null, table: null, database: null, type: null },
      ],
    );
    report.equal('of a view', db.prepare('select vid from v').columns(), [
      { name: 'vid', column: 'id', table: 't', database: 'main', type: 'INTEGER' },
    ]);
    report.equal(
      'names of PRAGMA',
      db
        .prepare('pragma journal_mode')
        .columns()
        .map((c) => c.name),
      ['journal_mode'],
    );
  });

  await report.part('schema', () => {
    const select = db.prepare('select * from t where id = 1');
    const before = select.get();
    report.equal('before', before, { id: 1, a: 'x', b: 3 });
    db.exec('alter table t add column c integer default 9');
    report.equal('a new column comes out of a statement that was prepared before', select.get(), {
      id: 1,
      a: 'x',
      b: 3,
      c: 9,
    });
    report.equal(
      'and in its columns',
      select.columns().map((c) => c.name),
      ['id', 'a', 'b', 'c'],
    );
    db.exec('alter table t drop column c');
    report.equal('and goes again', select.get(), { id: 1, a: 'x', b: 3 });
    db.exec('drop table o');
    report.throws('a table that is gone', () => db.prepare('select * from o').get(), {
      type: 'SqliteError',
      message: 'no such table: o',
    });
  });

  await report.part('exec', () => {
    db.exec(
      'create table e (x unique); insert into e values (1); insert into e values (2); select * from e',
    );
    report.throws(
      'it stops at the first error',
      () => db.exec('insert into e values (3); insert into e values (1); insert into e values (4)'),
      {
        type: 'SqliteError',
        code: 'SQLITE_CONSTRAINT_UNIQUE',
        message: 'UNIQUE constraint failed: e.x',
      },
    );
    report.equal(
      'what came before stays, what comes after is not run',
      db.prepare('select x from e order by x').pluck().all(),
      [1, 2, 3],
    );
    report.throws(
      'a mistake in the second',
      () => db.exec('insert into e values (5); nonsense; insert into e values (6)'),
      { type: 'SqliteError', code: 'SQLITE_ERROR', message: 'near "nonsense": syntax error' },
    );
    report.equal('the first was run', db.prepare('select max(x) from e').pluck().get(), 5);
    db.exec(
      "insert into e values ('a;b'); insert into e values ('-- no comment'); /* ; */ insert into e values ('end') -- no semicolon",
    );
    report.equal(
      'semicolons in texts and comments',
      db.prepare("select x from e where typeof(x) = 'text' order by x").pluck().all(),
      ['-- no comment', 'a;b', 'end'],
    );
    db.exec('insert into e values (NULL)'.replace('NULL', "'ü😀'"));
    report.equal('unicode', db.prepare("select count(*) from e where x = 'ü😀'").pluck().get(), 1);
  });

  await report.part('reuse', () => {
    const insert = db.prepare('insert into e values (?)');
    for (let i = 0; i < 3; i++) {
      report.throws(`failure ${i}`, () => insert.run(1), {
        type: 'SqliteError',
        code: 'SQLITE_CONSTRAINT_UNIQUE',
      });
    }
    report.equal('a statement works after its failures', insert.run(1000).changes, 1);
    try {
      insert.run(1);
    } catch (error) {
      report.check(
        'the error is a SqliteError',
        error instanceof SqliteError && error instanceof Error,
      );
    }
    const many = Array.from({ length: 300 }, (_, i) => db.prepare(`select ${i}`).pluck());
    report.equal(
      '300 statements at once',
      many.map((s) => s.get()),
      many.map((_, i) => i),
    );
    report.equal(
      'and again',
      many.map((s) => s.get()),
      many.map((_, i) => i),
    );
    const twins = [
      db.prepare('select count(*) from e').pluck(),
      db.prepare('select count(*) from e'),
    ];
    report.equal(
      'twins of one text keep their own forms',
      [typeof twins[0]?.get(), typeof twins[1]?.get()],
      ['number', 'object'],
    );
  });
  db.close();
}
