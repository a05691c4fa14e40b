// @ts-check
// Positional and named parameters, and `bind`.

const TOO_FEW = 'Too few parameter values were provided';
const TOO_MANY = 'Too many parameter values were provided';
const MISSING = 'Missing named parameters';

/**
 * @param {import('../support/report.js').Report} report
 * @param {import('./types.js').Env} env
 */
export async function parameters(report, { open }) {
  const db = await open();
  const two = db.prepare('select ?, ?').raw();
  report.equal('positional', two.get('a', 'b'), ['a', 'b']);
  report.equal('as an array', two.get(['a', 'b']), ['a', 'b']);
  report.equal('as two arrays', two.get(['a'], ['b']), ['a', 'b']);
  report.equal('an array and a value', two.get(['a'], 'b'), ['a', 'b']);
  report.equal('an empty array among them', two.get([], 'a', [], 'b'), ['a', 'b']);
  report.equal(
    'values of one call do not stay for the next',
    [two.get(1, 2), two.get(3, 4)],
    [
      [1, 2],
      [3, 4],
    ],
  );

  const getting = db.prepare('select @a').pluck();
  for (const [how, use] of /** @type {[string, () => void][]} */ ([
    ['prepare', () => db.prepare('select 1')],
    ['close', () => db.close()],
  ])) {
    const getter = {
      get a() {
        use();
        return 1;
      },
    };
    report.throws(`a getter that calls ${how}`, () => getting.get(getter), {
      type: 'TypeError',
      message: 'This database connection is busy executing a query',
    });
  }
  report.equal(
    'a getter that does not',
    getting.get({
      get a() {
        return 5;
      },
    }),
    5,
  );

  report.throws('too few', () => two.get('a'), { type: 'RangeError', message: TOO_FEW });
  report.throws('none', () => two.get(), { type: 'RangeError', message: TOO_FEW });
  report.throws('too many', () => two.get('a', 'b', 'c'), {
    type: 'RangeError',
    message: TOO_MANY,
  });
  report.throws('too many in an array', () => two.get(['a', 'b', 'c']), {
    type: 'RangeError',
    message: TOO_MANY,
  });
  report.throws('one where none is taken', () => db.prepare('select 1').get('a'), {
    type: 'RangeError',
    message: TOO_MANY,
  });
  report.throws('a plain object where only positions are', () => two.get({ a: 1 }), {
    type: 'RangeError',
    message: TOO_FEW,
  });

  const named = db.prepare('select @a, :b, $c').raw();
  report.equal('named', named.get({ a: 1, b: 2, c: 3 }), [1, 2, 3]);
  report.equal('further properties do no harm', named.get({ a: 1, b: 2, c: 3, d: 4 }), [1, 2, 3]);
  const bare = Object.assign(Object.create(null), { a: 1, b: 2, c: 3 });
  report.equal('an object without a prototype', named.get(bare), [1, 2, 3]);
  report.equal('the same name twice', db.prepare('select @a, @a').raw().get({ a: 5 }), [5, 5]);
  report.throws('a name that is missing', () => named.get({ a: 1, b: 2 }), {
    type: 'RangeError',
    message: 'Missing named parameter "c"',
  });
  report.throws('an inherited name does not count', () => db.prepare('select @toString').get({}), {
    type: 'RangeError',
    message: 'Missing named parameter "toString"',
  });
  report.throws('no object at all', () => named.get(), { type: 'TypeError', message: MISSING });
  report.throws('two objects', () => named.get({ a: 1, b: 2, c: 3 }, { a: 1 }), {
    type: 'TypeError',
    message: 'You cannot specify named parameters in two different objects',
  });
  class Names {
    a = 1;
    b = 2;
    c = 3;
  }
  report.throws('an instance of a class', () => named.get(new Names()), {
    type: 'TypeError',
    message: 'Named parameters can only be passed within plain objects',
  });
  const failing = {
    a: 1,
    get b() {
      throw new Error('getter failed');
    },
    c: 3,
  };
  report.throws('a getter that throws', () => named.get(failing), {
    type: 'Error',
    message: 'getter failed',
  });
  report.equal(
    'the statement works after all of these',
    named.get({ a: 1, b: 2, c: 3 }),
    [1, 2, 3],
  );

  const mixed = db.prepare('select ?, @a, ?, @b').raw();
  report.equal('mixed, the object last', mixed.get(1, 3, { a: 2, b: 4 }), [1, 2, 3, 4]);
  report.equal('mixed, the object first', mixed.get({ a: 2, b: 4 }, 1, 3), [1, 2, 3, 4]);
  report.equal('mixed, the object between', mixed.get(1, { a: 2, b: 4 }, [3]), [1, 2, 3, 4]);
  report.throws('mixed, too few positions', () => mixed.get(1, { a: 2, b: 4 }), {
    type: 'RangeError',
    message: TOO_FEW,
  });
  report.throws('mixed, without the object', () => mixed.get(1, 2), {
    type: 'TypeError',
    message: MISSING,
  });

  report.equal('?1 is a name', db.prepare('select ?1, ?2, ?1').raw().get({ 1: 'a', 2: 'b' }), [
    'a',
    'b',
    'a',
  ]);
  report.throws('?1 takes no position', () => db.prepare('select ?1').get(5), {
    message: TOO_MANY,
  });
  report.equal(
    'many parameters',
    db
      .prepare(`select ${Array.from({ length: 500 }, () => '?').join(', ')}`)
      .raw()
      .get(Array.from({ length: 500 }, (_, i) => i)),
    Array.from({ length: 500 }, (_, i) => i),
  );

  db.exec('create table t (a, b)');
  const insert = db.prepare('insert into t values (?, @b)');
  for (const method of /** @type {const} */ (['get', 'all', 'iterate'])) {
    const select = db.prepare('select a, b from t where a = ? and b = @b');
    report.throws(`${method} takes parameters, too`, () => select[method](), { message: MISSING });
  }
  insert.run(1, { b: 2 });
  report.equal('run binds', db.prepare('select a, b from t').all(), [{ a: 1, b: 2 }]);
  report.equal('all binds', db.prepare('select b from t where a = ?').all(1), [{ b: 2 }]);
  report.equal(
    'iterate binds',
    [...db.prepare('select b from t where a = @a').iterate({ a: 1 })],
    [{ b: 2 }],
  );

  const bound = db.prepare('select ?, @x').raw();
  report.check('bind answers the statement', bound.bind('p', { x: 'q' }) === bound);
  report.equal('bound values', bound.get(), ['p', 'q']);
  report.equal('bound values stay', bound.all(), [['p', 'q']]);
  report.equal('in an iteration, too', [...bound.iterate()], [['p', 'q']]);
  report.throws('no values after bind', () => bound.get(1), {
    type: 'TypeError',
    message: 'This statement already has bound parameters',
  });
  report.throws('no second bind', () => bound.bind(1), {
    type: 'TypeError',
    message: 'The bind() method can only be invoked once per statement object',
  });
  report.throws('bind with too few', () => db.prepare('select ?, ?').bind(1), {
    type: 'RangeError',
    message: TOO_FEW,
  });
  const later = db.prepare('select ?').pluck();
  report.throws('bind with a wrong value', () => later.bind(true), { type: 'TypeError' });
  later.bind(3);
  report.equal('a bind that failed may be tried again', later.get(), 3);
  const blob = Uint8Array.of(1, 2, 3);
  const boundBlob = db.prepare('select ?').pluck().bind(blob);
  blob.fill(0);
  report.equal(
    'bound bytes were copied',
    Array.from(/** @type {Uint8Array} */ (boundBlob.get())),
    [1, 2, 3],
  );
  const same = db.prepare('select ?, @x').raw();
  report.equal('another statement of the same text has its own values', same.get('r', { x: 's' }), [
    'r',
    's',
  ]);
  report.equal('and the bound one keeps its own', bound.get(), ['p', 'q']);
  db.close();
}
