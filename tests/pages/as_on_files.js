// @ts-check
// SQLite in workers answers as SQLite over files: the scripts in `tests/scripts`, of which the native
// tests check the answers, run here with a worker a connection.
import { createRuntime, diagnostics } from 'sharedwal';
import { ConnectedWorker } from './support/connected_worker.js';
import { Report } from './support/report.js';
import { pause } from './support/signals.js';

/** @typedef {{ line: string, expected: string[] }} Step */

const SCRIPTS = ['checkpoints', 'journal_modes', 'locking', 'transactions'];
/** After this time a statement begins that a script says is to come `later`. */
const LATER_MS = 60;

export async function run() {
  const report = new Report();
  for (const name of SCRIPTS) {
    const response = await fetch(new URL(`../scripts/${name}.txt`, import.meta.url));
    if (!response.ok) throw new Error(`no script ${name}: HTTP status ${response.status}`);
    for (const [title, steps] of parse(await response.text())) {
      await report.part(`${name}, ${title}`, () => play(report, steps));
    }
  }
  return report.result();
}

/**
 * @param {string} text
 * @returns {[title: string, steps: Step[]][]}
 */
function parse(text) {
  /** @type {[string, Step[]][]} */
  const scripts = [];
  for (const line of text.split('\n')) {
    if (line === '' || line.startsWith('#')) continue;
    const steps = scripts.at(-1)?.[1];
    if (line.startsWith('== ')) scripts.push([line.slice(3), []]);
    else if (line.startsWith('  ')) steps?.at(-1)?.expected.push(line.slice(2));
    else steps?.push({ line, expected: [] });
  }
  return scripts;
}

/**
 * @param {Report} report
 * @param {Step[]} steps
 */
async function play(report, steps) {
  const runtime = createRuntime({ name: 'script' });
  /** @type {Map<string, ConnectedWorker>} */
  const workers = new Map();
  /** @type {Map<string, Promise<void>>} what a connection is still busy with */
  const busy = new Map();
  // Opening puts the database into a mode, which is to be the one that the script has put it into.
  let journalMode = 'delete';
  try {
    for (const [number, { line, expected }] of steps.entries()) {
      const check = (/** @type {string[]} */ answer) =>
        void report.equal(`step ${number + 1}: ${line}`, answer, expected);
      if (line === 'log bytes') {
        check([String(diagnostics(runtime).writeAhead.bytes)]);
        continue;
      }
      const [, later, who = '', sql = ''] = /^(later )?(\w+): (.*)$/.exec(line) ?? [];
      await busy.get(who);
      const worker = workers.get(who) ?? new ConnectedWorker(who);
      if (!workers.has(who)) {
        workers.set(who, worker);
        await worker.run('script_tasks', 'start', { runtime });
      }
      if (sql === 'close') {
        await worker.run('script_tasks', 'close');
        continue;
      }
      const answered = (later ? pause(LATER_MS) : Promise.resolve())
        .then(() => worker.run('script_tasks', 'answer', { sql, journalMode }))
        .then(check);
      if (later) busy.set(who, answered);
      else await answered;
      const wanted = /pragma journal_mode = (wal|delete|truncate|persist)/.exec(sql)?.[1];
      if (wanted !== undefined && expected.includes(wanted)) journalMode = wanted;
    }
    await Promise.all(busy.values());
  } finally {
    for (const worker of workers.values()) worker.terminate();
  }
}
