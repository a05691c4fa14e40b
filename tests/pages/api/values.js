// @ts-check
// Values both ways.

const CANNOT_BIND = 'SQLite3 can only bind numbers, strings, bigints, buffers, and null';
const TOO_BIG = 'The bound string, buffer, or bigint is too big';

/** @param {number} length */
function bytes(length) {
  return Uint8Array.from({ length }, (_, i) => (i * 31 + (i >> 8)) & 255);
}

/**
 * @param {import('../support/report.js').Report} report
 * @param {import('./types.js').Env} env
 */
export async function values(report, { open, differs }) {
  const db = await open();
  const echo = db.prepare('select ? as value').pluck();

  const same = [
    null,
    0,
    -0,
    1,
    -1,
    42,
    1.5,
    -1.5,
    2 ** 31 - 1,
    2 ** 31,
    -(2 ** 31),
    -(2 ** 31) - 1,
    2 ** 32,
    Number.MAX_SAFE_INTEGER,
    Number.MIN_SAFE_INTEGER,
    2 ** 53,
    1e21,
    Number.MAX_VALUE,
    Number.MIN_VALUE,
    Math.PI,
    Infinity,
    -Infinity,
    '',
    'text',
    'ünïcödé',
    '漢字',
    '😀 emoji',
    'a\0b',
    '\0',
    "it's",
    '\ufeffbom',
    '\u2028',
    'x'.repeat(1_000_000),
    '😀'.repeat(100_000),
    'é'.repeat(65_537),
  ];
  for (const value of same) {
    const name =
      typeof value === 'string' && value.length > 20 ? `a text of ${value.length}` : String(value);
    report.equal(`${typeof value} ${name} comes back`, echo.get(value), value);
  }
  report.equal('NaN is NULL', echo.get(Number.NaN), null);
  report.equal('a bigint comes back as a number', echo.get(7n), 7);
  report.equal('a negative bigint', echo.get(-9007199254740991n), -9007199254740991);

  for (const length of [0, 1, 255, 256, 4096, 65_537, 1_000_000]) {
    const value = echo.get(bytes(length));
    report.check(`${length} bytes come back as a Uint8Array`, value instanceof Uint8Array);
    report.equal(
      `${length} bytes are the same`,
      Array.from(/** @type {Uint8Array} */ (value)),
      Array.from(bytes(length)),
    );
  }

  const types = db.prepare('select typeof(?)').pluck();
  report.equal('a number is bound as REAL', types.get(1), 'real');
  report.equal('a bigint as INTEGER', types.get(1n), 'integer');
  report.equal('a string as TEXT', types.get('1'), 'text');
  report.equal('bytes as BLOB', types.get(bytes(1)), 'blob');
  report.equal('no bytes as BLOB', types.get(bytes(0)), 'blob');
  report.equal('null as NULL', types.get(null), 'null');
  report.equal('the empty text is not NULL', db.prepare("select ? = ''").pluck().get(''), 1);

  const whole = bytes(64);
  const list = (/** @type {unknown} */ value) => Array.from(/** @type {Uint8Array} */ (value));
  report.equal(
    'a view binds its own part only',
    list(echo.get(whole.subarray(8, 16))),
    list(whole.slice(8, 16)),
  );
  report.equal(
    'a DataView',
    list(echo.get(new DataView(whole.buffer, 4, 4))),
    list(whole.slice(4, 8)),
  );
  const floats = new Float64Array([1.5, -2]);
  report.equal('a Float64Array', list(echo.get(floats)), list(new Uint8Array(floats.buffer)));
  const shared = new Uint8Array(new SharedArrayBuffer(8));
  shared.set([1, 2, 3], 2);
  report.equal('a view on shared bytes', list(echo.get(shared.subarray(2, 5))), [1, 2, 3]);
  const first = /** @type {Uint8Array} */ (echo.get(bytes(10)));
  first.fill(0);
  const kept = /** @type {Uint8Array} */ (echo.get(bytes(10)));
  echo.get(bytes(3_000_000));
  report.equal('a result is a copy that later queries leave alone', list(kept), list(bytes(10)));

  class Point {
    x = 1;
  }
  /** @type {[string, unknown][]} */
  const refused = [
    ['true', true],
    ['false', false],
    ['a Date', new Date()],
    ['a symbol', Symbol('s')],
    ['a function', () => 1],
    ['an ArrayBuffer', new ArrayBuffer(4)],
    ['a Number object', Object(1)],
    ['a Map', new Map()],
    ['an instance of a class', new Point()],
    ['a RegExp', /x/],
  ];
  if (differs) refused.push(['undefined', undefined]);
  for (const [name, value] of refused) {
    const expected = { type: 'TypeError', message: CANNOT_BIND };
    report.throws(`${name} is refused`, () => echo.get(value), expected);
    report.throws(`${name} in an array is refused`, () => echo.get([value]), expected);
    report.throws(
      `${name} as a named parameter is refused`,
      () => db.prepare('select @a').get({ a: value }),
      expected,
    );
  }
  report.throws('a plain object as a value in an array', () => echo.get([{}]), {
    type: 'TypeError',
    message: CANNOT_BIND,
  });
  report.throws('2n ** 63n is refused', () => echo.get(2n ** 63n), {
    type: 'RangeError',
    message: TOO_BIG,
  });
  report.throws('-(2n ** 63n) - 1n is refused', () => echo.get(-(2n ** 63n) - 1n), {
    type: 'RangeError',
    message: TOO_BIG,
  });
  report.equal('the statement still works after a refusal', echo.get('again'), 'again');

  db.exec('create table t (i integer, r real, s text, b blob, n numeric, x)');
  db.prepare('insert into t values (?, ?, ?, ?, ?, ?)').run(1, 1, 1, 1, '1', 1);
  report.equal(
    'column affinities apply',
    db
      .prepare('select typeof(i), typeof(r), typeof(s), typeof(b), typeof(n), typeof(x) from t')
      .raw()
      .get(),
    ['integer', 'real', 'text', 'real', 'integer', 'real'],
  );
  report.equal('a number in a TEXT column', db.prepare('select s from t').pluck().get(), '1.0');

  const row = Object.fromEntries(Array.from({ length: 1000 }, (_, i) => [`c${i}`, i]));
  const wide = `select ${Object.keys(row)
    .map((key, i) => `${i} as ${key}`)
    .join(', ')}`;
  report.equal('a row of 1,000 columns', db.prepare(wide).get(), row);
  const many = db
    .prepare(`with recursive n (i) as (select 1 union all select i + 1 from n where i < 20000)
              select i, i * 0.5, 'row ' || i, case when i % 3 = 0 then null else zeroblob(i % 5) end from n`)
    .raw()
    .all();
  report.equal('20,000 rows come out', many.length, 20_000);
  const wrong = many.findIndex((found, at) => {
    const [i, half, text, blob] = /** @type {any[]} */ (found);
    const n = at + 1;
    const blobOk = n % 3 === 0 ? blob === null : blob.length === n % 5;
    return !(i === n && half === n / 2 && text === `row ${n}` && blobOk);
  });
  report.equal('each of them is right', wrong, -1);
  db.close();
}
