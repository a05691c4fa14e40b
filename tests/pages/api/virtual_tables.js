// @ts-check
// db.table: tables made of generators and iterables, with parameters, and as modules.

/**
 * @param {import('../support/report.js').Report} report
 * @param {import('./types.js').Env} env
 */
export async function virtualTables(report, { open, again, differs }) {
  const db = await open();
  const any = /** @type {any} */ (db);
  const rows = (/** @type {string} */ sql, /** @type {any[]} */ ...parameters) =>
    db
      .prepare(sql)
      .raw()
      .all(...parameters);
  const argument = (/** @type {string} */ type, /** @type {string} */ message) => ({
    type,
    message,
    ...(differs && { code: 'INVALID_ARGUMENT' }),
  });

  // Definitions that are none.
  function* nothing() {}
  const columns = ['a'];
  const m = 'Virtual table module "v" used a table definition';
  for (const [name, args, message, type] of /** @type {[string, any[], string, string?][]} */ ([
    ['a name is a string', [5, {}], 'Expected first argument to be a string'],
    ['a name is not empty', ['', {}], 'Virtual table module name cannot be an empty string'],
    [
      'a definition is needed',
      ['v'],
      'Expected second argument to be a function or a table definition object',
    ],
    [
      'null is none',
      ['v', null],
      'Expected second argument to be a function or a table definition object',
    ],
    ['rows are needed', ['v', { columns }], `${m} without a "rows" property`],
    ['columns are needed', ['v', { rows: nothing }], `${m} without a "columns" property`],
    [
      'rows are a generator',
      ['v', { columns, rows: () => [] }],
      `${m} with an invalid "rows" property (should be a generator function)`,
    ],
    [
      'rows are no number',
      ['v', { columns, rows: 5 }],
      `${m} with an invalid "rows" property (should be a generator function)`,
    ],
    [
      'columns are strings',
      ['v', { columns: [5], rows: nothing }],
      `${m} with an invalid "columns" property (should be an array of strings)`,
    ],
    [
      'columns are an array',
      ['v', { columns: 'a', rows: nothing }],
      `${m} with an invalid "columns" property (should be an array of strings)`,
    ],
    [
      'columns twice',
      ['v', { columns: ['a', 'a'], rows: nothing }],
      `${m} with duplicate column names`,
    ],
    ['no column', ['v', { columns: [], rows: nothing }], `${m} with zero columns`, 'RangeError'],
    [
      'parameters are strings',
      ['v', { columns, parameters: [5], rows: nothing }],
      `${m} with an invalid "parameters" property (should be an array of strings)`,
    ],
    [
      'parameters twice',
      ['v', { columns, parameters: ['p', 'p'], rows: nothing }],
      `${m} with duplicate parameter names`,
    ],
    [
      '33 parameters',
      ['v', { columns, parameters: Array.from({ length: 33 }, (_, i) => `p${i}`), rows: nothing }],
      `${m} with more than the maximum number of 32 parameters`,
      'RangeError',
    ],
    [
      'both',
      ['v', { columns, parameters: ['a'], rows: nothing }],
      `${m} with column "a" which was ambiguously defined as both a column and parameter`,
    ],
    [
      'safeIntegers',
      ['v', { columns, rows: nothing, safeIntegers: 1 }],
      `${m} with an invalid "safeIntegers" property (should be a boolean)`,
    ],
    [
      'directOnly',
      ['v', { columns, rows: nothing, directOnly: 1 }],
      `${m} with an invalid "directOnly" property (should be a boolean)`,
    ],
  ])) {
    report.throws(name, () => any.table(...args), argument(type ?? 'TypeError', message));
  }

  // A table-valued function, joined with a real table.
  /** @type {unknown[][]} */
  const given = [];
  let closed = 0;
  const sequence = {
    columns: ['value', 'square'],
    parameters: ['start', 'stop', 'step'],
    *rows(/** @type {any} */ start, /** @type {any} */ stop, /** @type {any} */ step = 1) {
      given.push([start, stop, step]);
      try {
        for (let value = start; value <= stop; value += step) {
          yield value % 2 ? { value, square: value * value } : [value, value * value];
        }
      } finally {
        closed++;
      }
    },
  };
  report.check('it answers the database', db.table('sequence', sequence) === db);
  report.equal('with its parameters', rows('select * from sequence(1, 3)'), [
    [1, 1],
    [2, 4],
    [3, 9],
  ]);
  report.equal('one was left out', given.pop(), [1, 3, 1]);
  report.equal(
    'by where, in another order',
    rows('select value from sequence where step = ? and stop = ? and start = ?', 5, 12, 1),
    [[1], [6], [11]],
  );
  report.equal(
    'the parameters can be read',
    rows('select start, stop, step, value from sequence(7, 7)'),
    [[7, 7, null, 7]],
  );
  report.equal('a rowid', rows('select rowid, value from sequence(5, 6)'), [
    [1, 5],
    [2, 6],
  ]);
  report.equal('null gives no rows', rows('select * from sequence(null, 3)'), []);
  report.equal('all columns', db.prepare('select * from sequence(2, 2)').all(), [
    { value: 2, square: 4 },
  ]);
  db.exec(`create table bookings (id integer primary key, first integer, last integer);
           insert into bookings (first, last) values (1, 2), (10, 12), (20, 19)`);
  report.equal(
    'a join gives each row its own scan',
    rows(`select id, value from bookings, sequence(first, last) order by id, value`),
    [
      [1, 1],
      [1, 2],
      [2, 10],
      [2, 11],
      [2, 12],
    ],
  );
  report.equal(
    'an outer join',
    rows('select id, count(value) from bookings left join sequence(first, last) group by id'),
    [
      [1, 2],
      [2, 3],
      [3, 0],
    ],
  );
  db.exec('create table days as select value as day from sequence(1, 1000)');
  report.equal('it fills a table', rows('select count(*), sum(day) from days'), [[1000, 500500]]);
  report.equal(
    'twice in one statement',
    rows('select a.value, b.value from sequence(1, 2) a, sequence(1, 2) b order by 1, 2'),
    [
      [1, 1],
      [1, 2],
      [2, 1],
      [2, 2],
    ],
  );
  report.equal(
    'a constraint twice',
    rows('select value from sequence(1, 2) where start = 1 and start = 2'),
    [],
  );
  report.throws('only by =', () => rows('select * from sequence where start > 1'), {
    type: 'SqliteError',
    message: 'virtual table parameter "start" can only be constrained by the \'=\' operator',
  });
  report.throws('it cannot be written to', () => db.exec('delete from sequence'), {
    type: 'SqliteError',
    message: 'table sequence may not be modified',
  });
  report.throws('or be created', () => db.exec('create virtual table s using sequence'), {
    type: 'SqliteError',
    message: 'no such module: sequence',
  });

  // Generators that are left.
  if (differs) {
    const check = (/** @type {string} */ name, /** @type {() => unknown} */ action) => {
      given.length = 0;
      closed = 0;
      action();
      report.check(
        `every generator has ended: ${name}`,
        given.length > 0 && closed === given.length,
        `${given.length} begun, ${closed} ended`,
      );
    };
    check('get', () => db.prepare('select value from sequence(1, 1e9)').get());
    check('limit', () => rows('select value from sequence(1, 1e9) limit 3'));
    check('exists', () => rows('select exists (select 1 from sequence(first, 1e9)) from bookings'));
    check('break', () => {
      for (const _ of db.prepare('select value from sequence(1, 1e9)').iterate()) break;
    });
    check('an error elsewhere', () => {
      report.throws(
        'of SQLite',
        () => rows('select value, abs(-9223372036854775808) from sequence(1, 2)'),
        { message: 'integer overflow' },
      );
    });
    const other = await again(db);
    other.table('sequence', sequence);
    check('the connection is closed', () => {
      other.prepare('select value from sequence(1, 1e9)').iterate().next();
      other.close();
    });
    const error = new Error('at the end');
    const endsBadly = {
      columns,
      *rows() {
        try {
          for (let i = 0; i < 1000; i++) yield [i];
        } finally {
          // biome-ignore lint/correctness/noUnsafeFinally: what it does is told
          throw error;
        }
      },
    };
    db.table('ends_badly', endsBadly);
    for (const [name, action] of /** @type {[string, () => unknown][]} */ ([
      ['get', () => db.prepare('select * from ends_badly').get()],
      ['all', () => rows('select * from ends_badly limit 1')],
      ['exec', () => db.exec('select * from ends_badly limit 1')],
      ['all to its end', () => rows('select * from ends_badly')],
    ])) {
      /** @type {unknown} */
      let thrown;
      try {
        action();
      } catch (caught) {
        thrown = caught;
      }
      report.check(`what a generator throws at its end, by ${name}`, thrown === error, `${thrown}`);
    }
    const one = db.prepare('select 1').pluck();
    const controller = new AbortController();
    const aborted = db.prepare('select * from ends_badly').limit({ signal: controller.signal });
    const iterator = aborted.iterate();
    iterator.next();
    const closing = await again(db);
    closing.table('ends_badly', endsBadly);
    const sql = 'select * from ends_badly';
    const last = closing.prepare(sql).limit({ signal: controller.signal }).iterate();
    last.next();
    const beside = db.prepare('select * from sequence(1, 1000)').iterate();
    beside.next();
    controller.abort(new Error('the reason'));
    report.throws('an iterator that is aborted says why', () => iterator.next(), {
      message: 'the reason',
    });
    report.equal('what its generator throws is told to nobody else', beside.return?.().done, true);
    report.equal('nor later', one.get(), 1);
    report.throws('nor by close', () => last.next(), { message: 'the reason' });
    report.equal('which closes', closing.close().open, false);
  }

  // Parameters of all kinds.
  db.table('echo', {
    columns: ['value', 'type'],
    *rows(/** @type {any} */ $first, /** @type {any} */ $second) {
      for (const value of [$first, $second]) {
        yield [value, value instanceof Uint8Array ? 'bytes' : typeof value];
      }
    },
  });
  const bytes = new Uint8Array([1, 2, 3]);
  report.equal('text and bytes', rows('select type from echo(?, ?)', 'é', bytes), [
    ['string'],
    ['bytes'],
  ]);
  report.equal('bytes come back', rows('select hex(value) from echo(?, 1)', bytes)[0], ['010203']);
  report.equal('the parameters have names', rows('select value from echo where "$1" = 5'), [
    [5],
    [null],
  ]);
  db.table('mutates', {
    columns,
    *rows(/** @type {any} */ buffer) {
      buffer.fill(9);
      yield [buffer];
    },
  });
  report.equal(
    'a generator that changes its bytes',
    rows('select hex(a), hex("$1") from mutates(?)', bytes),
    [['090909', '010203']],
  );
  db.table('safe', {
    columns: ['a'],
    safeIntegers: true,
    *rows(/** @type {any} */ x) {
      yield [`${typeof x} ${x}`];
    },
  });
  report.equal('bigints', rows('select a from safe(9007199254740993)'), [
    ['bigint 9007199254740993'],
  ]);
  if (differs) {
    report.throws(
      'or a large one would be rounded',
      () => rows('select * from echo(9007199254740993)'),
      {
        type: 'RangeError',
        code: 'INTEGER_OUT_OF_RANGE',
      },
    );
  }
  db.table('direct', {
    columns,
    directOnly: true,
    rows: function* rows() {
      yield ['x'];
    },
  });
  db.exec('create view v as select * from direct');
  report.equal('directOnly: in a statement', rows('select * from direct'), [['x']]);
  report.throws('but not in a view', () => rows('select * from v'), {
    type: 'SqliteError',
    message: 'unsafe use of virtual table "direct"',
  });

  // Rows that are none.
  /** @type {any} */
  let row;
  let ended = 0;
  db.table('any', {
    columns: ['a', 'b'],
    *rows() {
      try {
        yield row;
      } finally {
        ended++;
      }
    },
  });
  const y = 'Virtual table module "any" yielded';
  for (const [name, given, message] of /** @type {[string, unknown, string][]} */ ([
    ['a number', 5, `${y} something that isn't a valid row object`],
    ['null', null, `${y} something that isn't a valid row object`],
    ['too few', [1], `${y} a row with an incorrect number of columns`],
    ['too many', [1, 2, 3], `${y} a row with an incorrect number of columns`],
    ['one missing', { a: 1 }, `${y} a row with missing columns`],
    ['an unknown one', { a: 1, b: 2, c: 3 }, `${y} a row with an undeclared column "c"`],
    ['a boolean', [1, true], `${y} an invalid value`],
  ])) {
    row = given;
    ended = 0;
    report.throws(
      `a row: ${name}`,
      () => rows('select * from any'),
      argument('TypeError', message),
    );
    if (differs) report.equal(`a row: ${name}: the generator has ended`, ended, 1);
  }
  row = [2n ** 63n, undefined];
  report.throws('a row: a bigint', () => rows('select * from any'), {
    type: 'RangeError',
    message: `${y} a bigint that was too big`,
  });
  report.equal('what is not asked for does no harm', rows('select b from any'), [[null]]);
  row = { b: 'two', a: new Uint8Array(100_000) };
  report.equal('by name in another order', rows('select length(a), b from any'), [
    [100_000, 'two'],
  ]);

  // Errors come out as they are.
  const error = new Error('mine');
  let after = 0;
  db.table('throws', {
    columns,
    *rows() {
      for (let i = 0; i < after; i++) yield [i];
      throw error;
    },
  });
  for (after of [0, 1, 100, 5000]) {
    for (const method of /** @type {const} */ (['all', 'run'])) {
      const statement = db.prepare(
        method === 'all' ? 'select * from throws' : 'insert into days select * from throws',
      );
      /** @type {unknown} */
      let thrown;
      try {
        statement[method]();
      } catch (caught) {
        thrown = caught;
      }
      report.check(`thrown after ${after} rows, ${method}`, thrown === error, String(thrown));
    }
  }
  report.equal('nothing was written', rows('select count(*) from days'), [[1000]]);

  // Iterables.
  if (differs) {
    const list = [['x', 1], { name: 'y', n: 2 }];
    db.table('list', { columns: ['name', 'n'], rows: /** @type {any} */ (list) });
    report.equal('an array', rows('select * from list order by n desc'), [
      ['y', 2],
      ['x', 1],
    ]);
    list.push(['z', 3]);
    report.equal('as it is when it is read', rows('select count(*) from list'), [[3]]);
    db.table('map', {
      columns: ['key', 'value'],
      rows: new Map([
        ['a', 1],
        ['b', 2],
      ]),
    });
    report.equal(
      'a map',
      rows('select l.n, m.value from list l join map m on m.key = char(96 + l.n) order by 1'),
      [
        [1, 1],
        [2, 2],
      ],
    );
    report.throws(
      'an iterable gets no parameters',
      () => db.table('list', { columns, parameters: ['p'], rows: [] }),
      { type: 'TypeError', code: 'INVALID_ARGUMENT' },
    );
  }

  // Modules.
  /** @type {unknown[]} */
  const made = [];
  db.table('words', function (text, /** @type {string[]} */ ...more) {
    made.push([this.module, this.database, this.table, text, more.length]);
    if (text === 'throw') throw error;
    if (text === 'nothing') return /** @type {any} */ (undefined);
    if (text === 'wrong') return /** @type {any} */ ({ columns: ['a'] });
    const words = (text ?? '').split(' ');
    return {
      columns: ['word', 'length'],
      *rows(/** @type {any} */ least) {
        for (const word of words) if (word.length >= (least ?? 0)) yield [word, word.length];
      },
    };
  });
  db.exec('create virtual table w using words(one three seventeen)');
  report.equal('how it was made', made, [['words', 'main', 'w', 'one three seventeen', 0]]);
  report.equal('its rows', rows('select * from w'), [
    ['one', 3],
    ['three', 5],
    ['seventeen', 9],
  ]);
  report.equal('with a parameter', rows('select word from w(4)'), [['three'], ['seventeen']]);
  db.exec('create virtual table temp.w2 using words(x, y, z)');
  report.equal('in another database', made.at(-1), ['words', 'temp', 'w2', 'x', 2]);
  report.throws('it is no table itself', () => rows('select * from words'), {
    type: 'SqliteError',
    message: 'no such table: words',
  });
  /** @type {unknown} */
  let thrown;
  try {
    db.exec('create virtual table w3 using words(throw)');
  } catch (caught) {
    thrown = caught;
  }
  report.check('what the function throws', thrown === error, String(thrown));
  for (const [text, message] of [
    ['nothing', 'Virtual table module "words" did not return a table definition object'],
    ['wrong', 'Virtual table module "words" returned a table definition without a "rows" property'],
  ]) {
    report.throws(
      `a module that returns ${text}`,
      () => db.exec(`create virtual table w3 using words(${text})`),
      argument('TypeError', /** @type {string} */ (message)),
    );
  }
  report.equal(
    'none of these is there',
    rows("select name from sqlite_schema where name like 'w_'"),
    [],
  );
  const second = await again(db);
  report.throws(
    'another connection does not know it',
    () => second.prepare('select * from w').all(),
    {
      type: 'SqliteError',
      message: 'no such module: words',
    },
  );
  second.table('words', () => ({
    columns: ['other'],
    rows: function* rows() {
      yield ['here'];
    },
  }));
  report.equal('until it has one of that name', second.prepare('select * from w').all(), [
    { other: 'here' },
  ]);
  second.close();
  db.exec('drop table w; drop table w2');
  report.throws('dropped', () => rows('select * from w'), { message: 'no such table: w' });

  // Another one of that name.
  const old = db.prepare('select * from direct').raw();
  db.table('direct', {
    columns: ['n', 'o'],
    rows: function* rows() {
      yield [1, 2];
    },
  });
  report.equal('a new definition', rows('select * from direct'), [[1, 2]]);
  report.check(
    'for statements that are there, too, once they are compiled anew',
    old.all().length === 1,
  );
  db.close();
}
