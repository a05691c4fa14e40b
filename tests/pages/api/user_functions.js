// @ts-check
// db.function

/**
 * @param {import('../support/report.js').Report} report
 * @param {import('./types.js').Env} env
 */
export async function userFunctions(report, { open, differs }) {
  const db = await open();
  const any = /** @type {any} */ (db);
  const value = (/** @type {string} */ sql, /** @type {any[]} */ ...parameters) =>
    db
      .prepare(sql)
      .pluck()
      .get(...parameters);
  const argument = (/** @type {string} */ type, /** @type {string} */ message) => ({
    type,
    message,
    ...(differs && { code: 'INVALID_ARGUMENT' }),
  });

  report.throws(
    'a name is a string',
    () => any.function(5, () => 1),
    argument('TypeError', 'Expected first argument to be a string'),
  );
  report.throws(
    'the last argument is a function',
    () => any.function('f', {}),
    argument('TypeError', 'Expected last argument to be a function'),
  );
  report.throws(
    'options are an object',
    () => any.function('f', 5, () => 1),
    argument('TypeError', 'Expected second argument to be an options object'),
  );
  report.throws(
    'a name is not empty',
    () => db.function('', () => 1),
    argument('TypeError', 'User-defined function name cannot be an empty string'),
  );
  for (const option of ['safeIntegers', 'deterministic', 'directOnly', 'varargs']) {
    report.throws(
      `${option} is a boolean`,
      () => any.function('f', { [option]: 1 }, () => 1),
      argument('TypeError', `Expected the "${option}" option to be a boolean`),
    );
  }
  report.throws(
    'a length that is none',
    () =>
      db.function(
        'f',
        Object.defineProperty(() => 1, 'length', { value: -1 }),
      ),
    argument('TypeError', 'Expected function.length to be a positive integer'),
  );
  report.throws(
    'more than 100 arguments',
    () =>
      db.function(
        'f',
        Object.defineProperty(() => 1, 'length', { value: 101 }),
      ),
    argument('RangeError', 'User-defined functions cannot have more than 100 arguments'),
  );
  report.throws('a name that is too long', () => db.function('x'.repeat(256), () => 1), {
    type: 'SqliteError',
    ...(differs && { code: 'SQLITE_MISUSE' }),
  });

  report.check('it answers the database', db.function('add2', (a, b) => a + b) === db);
  report.equal('it is called', value('select add2(?, ?)', 12, 30), 42);
  report.equal('with text', value('select add2(?, ?)', 'grün', ' ✓ \u{1f600}'), 'grün ✓ \u{1f600}');
  report.throws('with one argument too few', () => db.prepare('select add2(1)'), {
    type: 'SqliteError',
    code: 'SQLITE_ERROR',
    message: 'wrong number of arguments to function add2()',
  });
  report.throws('that does not exist', () => db.prepare('select add3(1)'), {
    type: 'SqliteError',
    message: 'no such function: add3',
  });

  // What goes in.
  /** @type {unknown[]} */
  let got = [];
  db.function('note', { varargs: true }, (...values) => {
    got = values;
    return values.length;
  });
  const bytes = new Uint8Array([0, 255, 7]);
  value(
    'select note(null, 1, -5.5, 9007199254740991, ?, ?, ?, ?, 1e300)',
    'text',
    '',
    bytes,
    new Uint8Array(0),
  );
  report.equal(
    'all kinds of arguments',
    got.map((one) => (one instanceof Uint8Array ? [...one] : one)),
    [null, 1, -5.5, 9007199254740991, 'text', '', [0, 255, 7], [], 1e300],
  );
  report.equal('no argument', value('select note()'), 0);
  report.equal('none came', got, []);
  const hundred = Array.from({ length: 100 }, (_, i) => i);
  report.equal('a hundred arguments', value(`select note(${hundred})`), 100);
  report.equal('came in order', got, hundred);
  const long = 'é'.repeat(100_000);
  value('select note(?)', long);
  report.check('a long text came', got[0] === long);
  /** @type {unknown} */
  let self = 5;
  db.function('self', function () {
    self = this;
    return null;
  });
  value('select self()');
  report.check('this is undefined', self === undefined);

  // What comes out.
  /** @type {any} */
  let answer;
  db.function('answer', () => answer);
  const typed = db.prepare('select answer() as value, typeof(answer()) as type').raw();
  for (const [given, back, type] of [
    [5, 5, 'real'],
    [-0.5, -0.5, 'real'],
    [Number.NaN, null, 'null'],
    [5n, 5, 'integer'],
    ['text', 'text', 'text'],
    ['', '', 'text'],
    ['a\0b', 'a\0b', 'text'],
    [long, long, 'text'],
    [null, null, 'null'],
    [undefined, null, 'null'],
  ]) {
    answer = given;
    report.equal(`returns ${String(given).slice(0, 10)} as ${type}`, typed.get(), [back, type]);
  }
  for (const length of [0, 1, 3, 70_000, 3_000_000]) {
    answer = new Uint8Array(length).fill(length);
    const back = /** @type {Uint8Array} */ (value('select answer()'));
    report.check(
      `returns ${length} bytes`,
      back.length === length && back.every((byte) => byte === (length & 255)),
    );
    answer = 'x'.repeat(length);
    report.equal(`returns ${length} letters`, value('select length(answer())'), length);
  }
  answer = new Uint8Array([1, 2, 3, 4]).subarray(1, 3);
  report.equal('a part of a buffer', value('select hex(answer())'), '0203');
  answer = -(2n ** 63n);
  report.equal('the smallest integer', value('select cast(answer() as text)'), `${answer}`);
  for (const bad of [true, {}, [], Symbol.iterator, () => 1, new Date(), Promise.resolve(1)]) {
    answer = bad;
    report.throws(
      `returns ${typeof bad} ${Object.prototype.toString.call(bad)}`,
      () => typed.get(),
      argument('TypeError', 'User-defined function answer() returned an invalid value'),
    );
  }
  for (const big of [2n ** 63n, -(2n ** 63n) - 1n]) {
    answer = big;
    report.throws(`returns ${big}`, () => typed.get(), {
      type: 'RangeError',
      message: 'User-defined function answer() returned a bigint that was too big',
    });
  }
  answer = 1;
  report.equal('the statement works after it', typed.get(), [1, 'real']);

  // Integers.
  db.function('kinds', { varargs: true }, (...values) => values.map((one) => typeof one).join());
  db.function('safe', { varargs: true, safeIntegers: true }, (...values) =>
    values.map((one) => `${typeof one} ${one}`).join(),
  );
  report.equal('integers are numbers', value('select kinds(1, 2.5)'), 'number,number');
  report.equal(
    'with safeIntegers bigints',
    value('select safe(1, 9223372036854775807, 2.5)'),
    'bigint 1,bigint 9223372036854775807,number 2.5',
  );
  if (differs) {
    report.throws('a large one would be rounded', () => value('select kinds(9007199254740992)'), {
      type: 'RangeError',
      code: 'INTEGER_OUT_OF_RANGE',
      message: /safeIntegers: true/,
    });
  }
  db.defaultSafeIntegers();
  db.function('later', (one) => typeof one);
  db.function('unsafe', { safeIntegers: false }, (one) => typeof one);
  db.defaultSafeIntegers(false);
  report.equal('by default as the database says', value('select later(1)'), 'bigint');
  report.equal('unless told otherwise', value('select unsafe(1)'), 'number');

  // What SQLite makes of it.
  db.exec(`create table t (id integer primary key, x);
           insert into t (x) values ('b'), ('a'), (null), ('c')`);
  db.function('shout', { deterministic: true }, (text) => text && `${text.toUpperCase()}!`);
  db.exec('create index shouted on t (shout(x))');
  report.equal(
    'a deterministic one in an index',
    db.prepare("select x from t where shout(x) = 'B!'").pluck().all(),
    ['b'],
  );
  report.check(
    'which is used',
    /shouted/.test(
      JSON.stringify(db.prepare("explain query plan select 1 from t where shout(x) = 'B!'").all()),
    ),
  );
  db.function('whisper', (text) => text);
  report.throws('one that is not', () => db.exec('create index w on t (whisper(x))'), {
    type: 'SqliteError',
    message: 'non-deterministic functions prohibited in index expressions',
  });
  let calls = 0;
  db.function('constant', { deterministic: true }, () => ++calls);
  db.prepare('select constant() from t').all();
  report.equal('a deterministic one without arguments is called once', calls, 1);
  db.function('direct', { directOnly: true }, (x) => `direct ${x}`);
  db.exec('create view v as select direct(x) from t');
  report.equal('directOnly: in a statement', value('select direct(1)'), 'direct 1');
  report.throws('but not in a view', () => db.prepare('select * from v').all(), {
    type: 'SqliteError',
    message: 'unsafe use of direct()',
  });
  db.exec("create trigger tr after insert on t begin select shout('trigger'); end");
  db.exec("insert into t (x) values ('d')");
  report.equal(
    'in an update',
    db.prepare('update t set x = shout(x) where id = 1').run().changes,
    1,
  );
  report.equal('it is stored', value('select x from t where id = 1'), 'B!');
  report.equal(
    'where and order by',
    db
      .prepare('select x from t where whisper(x) is not null order by whisper(x) desc')
      .pluck()
      .all(),
    ['d', 'c', 'a', 'B!'],
  );

  // Another one of that name.
  const old = db.prepare('select add2(1, 2)').pluck();
  report.equal('before', old.get(), 3);
  db.function('add2', (a, b) => `${a} and ${b}`);
  report.equal('a statement that is there calls the new one', old.get(), '1 and 2');
  report.equal('and a new statement', value('select add2(1, 2)'), '1 and 2');
  db.function('add2', (a) => `only ${a}`);
  report.equal(
    'another number of arguments is another function',
    value('select add2(1)'),
    'only 1',
  );
  report.equal('beside the first', value('select add2(1, 2)'), '1 and 2');
  db.function('abs', (x) => `abs of ${x}`);
  report.equal('in the place of one of SQLite', value('select abs(-1)'), 'abs of -1');
  db.function('ümläut "f"', () => 'quoted');
  report.equal('a name that must be quoted', value('select "ümläut ""f"""()'), 'quoted');
  db.close();
  report.throws('on a closed connection', () => db.function('f', () => 1), {
    type: 'TypeError',
    message: 'The database connection is not open',
  });
}
