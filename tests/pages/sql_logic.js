// @ts-check
// Several thousand statements in turn over four workers: each answer must be the one that a single
// native connection gave, which stands in the script. crates/sharedwal/tests/sql_logic makes it.
import { createRuntime } from 'sharedwal';
import { Report } from './support/report.js';
import { withWorkers } from './support/task_worker.js';

/** @typedef {{ line: number, worker: number, sql: string, expected: string }} LogicRecord */

const WORKERS = 4;

/** @param {Record<string, string>} params `quick`: a third of the script */
export async function run(params) {
  const report = new Report();
  const response = await fetch(new URL('../sql_logic.slt', import.meta.url));
  const records = parse(await response.text());
  await report.part('script', () => runScript(report, records, params.quick !== undefined));
  return report.result();
}

/**
 * @param {Report} report
 * @param {LogicRecord[]} all
 * @param {boolean} quick
 */
async function runScript(report, all, quick) {
  report.atLeast('statements in the script', all.length, 2000);
  const records = quick ? all.slice(0, Math.floor(all.length / 3)) : all;
  const runtime = createRuntime({ name: 'sql-logic' });
  await withWorkers(WORKERS, async (workers) => {
    for (const worker of workers) await worker.run('sql_logic_tasks', 'connect', { runtime });
    /** @type {string[]} */
    const wrong = [];
    const counts = { query: 0, count: 0, error: 0 };
    for (const { line, worker, sql, expected } of records) {
      const answer = await workers[worker]?.run('sql_logic_tasks', 'answer', { sql });
      const kind = /** @type {keyof typeof counts} */ (expected.slice(0, expected.indexOf(' ')));
      counts[kind] += 1;
      const right =
        kind === 'error'
          ? answer.startsWith('error ') && new RegExp(expected.slice(6)).test(answer.slice(6))
          : answer === expected;
      if (!right) wrong.push(`line ${line}: ${sql}\n${answer}\ninstead of\n${expected}`);
    }
    report.check('every answer is that of one connection', wrong.length === 0, wrong[0]);
    report.atLeast('queries', counts.query, records.length / 4);
    report.atLeast('changes', counts.count, records.length / 5);
    report.atLeast('errors', counts.error, 50);
    const integrity = await workers[1]?.run('sql_logic_tasks', 'answer', {
      sql: 'pragma integrity_check',
    });
    report.equal('the database is sound', integrity, 'query ok');
    for (const worker of workers) await worker.run('sql_logic_tasks', 'close');
    report.figures.statements = records.length;
  });
}

/**
 * The records of a script, each as one text: `count 3`, `error pattern`, or `query` and its rows.
 *
 * @param {string} script
 * @returns {LogicRecord[]}
 */
function parse(script) {
  /** @type {LogicRecord[]} */
  const records = [];
  let line = 1;
  for (const block of script.split('\n\n')) {
    const [connection = '', head = '', sql = '', separator, ...rows] = block.split('\n');
    if (connection.startsWith('connection c')) {
      const expected = head.startsWith('query')
        ? `query ${separator === '----' ? rows.join('\n') : 'without rows'}`
        : head.replace('statement ', '');
      records.push({ line, worker: Number(connection.slice(12)), sql, expected });
    }
    line += block.split('\n').length + 1;
  }
  return records;
}
