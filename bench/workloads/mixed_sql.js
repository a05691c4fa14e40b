// @ts-check
// A mix of SQL after the manner of SQLite's own speedtest1: what applications do to tables with and
// without indexes, in transactions of thousands of statements.
import { perSecond, repeatFor } from '../measure.js';

/** @typedef {import('../session.js').Session} Session */
/** @typedef {import('../session.js').Value} Value */

const N = 2_000;

/**
 * What the first run found, whoever made it.
 *
 * @type {string | undefined}
 */
let expected;

/** @type {import('../session.js').Workload} */
export const workload = {
  name: 'mixed_sql',
  title: 'A mix of SQL',
  measures: { runs: { unit: 'runs/s' } },
  sessions: 1,

  async run({ clients: [client], milliseconds }) {
    await client?.call('mix', { milliseconds: milliseconds / 4 });
    const answer = await client?.call('mix', { milliseconds });
    const { measured, found } = answer;
    expected ??= found;
    if (found !== expected) throw new Error(`the run found ${found}, others ${expected}`);
    return { runs: perSecond(measured) };
  },

  tasks: { mix },
};

const ONES = ['', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine'];

/**
 * A number in words, digit by digit: texts of different lengths that do not compress.
 *
 * @param {number} n
 */
function words(n) {
  return [...String(n)].map((digit) => ONES[Number(digit)] || 'zero').join(' ');
}

/**
 * Numbers from 1 to `range` in an order that looks random, the same in each run.
 *
 * @param {number} count
 * @param {number} range
 */
function scattered(count, range) {
  return Array.from({ length: count }, (_, i) => ((i * 7_919 + 13) % range) + 1);
}

const numbers = scattered(N, 99_991);
const rows = numbers.map((n, i) => /** @type {Value[]} */ ([i + 1, n, words(n)]));
const ranges = scattered(100, 90_000).map((n) => /** @type {Value[]} */ ([n, n + 2_000]));

/**
 * One run; its time is what is measured.
 *
 * @param {Session} session
 */
async function steps(session) {
  const { exec } = session;
  const each = async (/** @type {string} */ sql, /** @type {Value[][]} */ list) => {
    await exec('begin immediate');
    await session.runTogether(sql, list);
    await exec('commit');
  };
  await exec(`
    create table plain (a integer, b integer, c text);
    create table keyed (a integer primary key, b integer unique, c text);
    create table worded (a text primary key, b integer, c text) without rowid;`);
  await each('insert into plain (a, b, c) values (?, ?, ?)', rows);
  await each('insert into keyed (a, b, c) values (?, ?, ?)', rows);
  await each(
    'insert into worded (b, a, c) values (?, ?, ?)',
    rows.map(([a, b, c]) => [b ?? 0, `${c} ${a}`, c ?? '']),
  );
  /** @type {unknown[]} */
  const found = [];
  const sum = async (/** @type {string} */ sql) => {
    const [row] = await session.all(sql);
    found.push(Object.values(row ?? {})[0]);
  };
  for (const [from, to] of ranges.slice(0, 20)) {
    await sum(`select count(*) from plain where b between ${from} and ${to}`);
  }
  await sum("select count(*) from plain where c like '%four%five%'");
  await sum('select group_concat(c) is not null from (select c from plain order by c limit 500)');
  await exec('create index plain_b on plain (b); create index plain_c on plain (c)');
  for (const [from, to] of ranges) {
    await sum(`select sum(a) from plain where b between ${from} and ${to}`);
  }
  await sum("select count(*) from plain where c >= 'five' and c < 'four'");
  await sum('select count(*) from plain join keyed using (b) join worded on worded.b = keyed.b');
  await each(
    'update plain set b = b + 1 where a = ?',
    rows.map(([a]) => [a ?? 0]),
  );
  await each(
    'update keyed set c = ? where a = ?',
    rows.map(([a, , c]) => [`${c} again`, a ?? 0]),
  );
  await exec("update plain set c = c || ' too' where b between 20000 and 60000");
  await exec('insert into plain select b, a, c from keyed');
  await exec('insert or replace into keyed select a + 500, b, c from keyed where a % 2 = 0');
  await sum('select count(distinct substr(c, 1, 4)) from plain');
  await sum('select max(n) from (select count(*) as n from plain group by substr(c, 1, 5))');
  await sum(`
    with recursive fibonacci(a, b, n) as
      (select 0, 1, 1 union all select b, (a + b) % 1000003, n + 1 from fibonacci where n < 5000)
    select sum(a) from fibonacci`);
  await sum(
    'select sum(rank) from (select row_number() over (partition by b % 10 order by c) as rank from plain)',
  );
  await sum("select count(*) from plain where json_extract(json_object('b', b), '$.b') > 50000");
  await each(
    'delete from plain where a = ?',
    numbers.slice(0, 500).map((n) => [n]),
  );
  await exec("delete from worded where a like 'one%'");
  await sum(
    'select count(*) + (select count(*) from keyed) + (select count(*) from worded) from plain',
  );
  await exec('drop table plain; drop table keyed; drop table worded');
  return found.join();
}

/**
 * @param {Session} session
 * @param {{ milliseconds: number }} args
 */
async function mix(session, { milliseconds }) {
  const found = new Set();
  const measured = await repeatFor(milliseconds, async (stopwatch) => {
    found.add(await stopwatch.time(() => steps(session)));
    return 1;
  });
  return { measured, found: [...found].join(' and ') };
}
