// @ts-check
// Runs the main job on the button or on `?run=demo`, and shows how it goes. Leaves the result in
// `globalThis.demoReport`.
import { runMainJob } from '../job/main_job.js';
import { chart } from '../view/chart.js';
import { showChecks } from '../view/checks.js';
import { disable } from '../view/focus.js';
import { bytes, count } from '../view/format.js';
import { element, show } from '../view/page.js';
import { showWorkers } from '../view/workers.js';
import { MARKUP } from './markup.js';

/**
 * @typedef {import('../job/main_job.js').Progress} Progress
 * @typedef {Awaited<ReturnType<typeof runMainJob>>} JobReport
 */

const PHASES = {
  loading: 'Fetching and decoding the files …',
  preparing: 'Starting four workers …',
  importing: 'Importing while the others read …',
  checking: 'Comparing with plain JavaScript …',
  done: 'Done.',
};

const LOG_EVERY_MS = 500;

/** @param {string} line */
function log(line) {
  console.log(`[demo] ${line}`);
}

/** Shows the job's progress on the page and, less often, in the log. */
function progressView() {
  const writeAhead = chart();
  let phase = '';
  let logged = 0;
  return (/** @type {Progress} */ progress) => {
    const { rows, totalRows, workers, writeAheadBytes, databaseBytes, commits, checkpoints } =
      progress;
    if (progress.phase !== phase) {
      phase = progress.phase;
      show('status', PHASES[progress.phase]);
      log(PHASES[progress.phase]);
    }
    /** @type {HTMLProgressElement} */ (element('progress')).value = rows / totalRows;
    show('rows', count(rows));
    show('write-ahead', bytes(writeAheadBytes));
    show('database', bytes(databaseBytes));
    show('commits', count(commits));
    show('checkpoints', count(checkpoints));
    if (progress.phase === 'importing') writeAhead.add(progress.seconds, writeAheadBytes);
    showWorkers(workers);
    if (progress.phase === 'importing' && performance.now() - logged > LOG_EVERY_MS) {
      logged = performance.now();
      const readers = workers
        .filter(({ role }) => role === 'reader')
        .map(
          ({ name, perSecond, counts }) =>
            `${name} ${count(perSecond)} reads/s, ${counts ?? 0} states`,
        );
      log(
        `${count(rows)} rows, log ${bytes(writeAheadBytes)}, ${checkpoints} checkpoints; ${readers.join('; ')}`,
      );
    }
  };
}

/**
 * @param {AbortSignal} signal
 * @returns {Promise<JobReport | { ok: false, checks: never[], workers: never[], error: string }>}
 */
async function runJob(signal) {
  try {
    return await runMainJob({ onProgress: progressView(), signal });
  } catch (error) {
    const text = error instanceof Error ? `${error.message}\n${error.stack ?? ''}` : String(error);
    return { ok: false, checks: [], workers: [], error: text };
  }
}

/** @param {AbortSignal} signal */
async function run(signal) {
  const button = /** @type {HTMLButtonElement} */ (element('run'));
  disable(button);
  element('checks').replaceChildren();
  show('verdict', 'They come when the import is done.');
  const report = await runJob(signal);
  // The section is gone, and its elements with it.
  if (signal.aborted) return;
  if ('error' in report) {
    show('status', `It failed: ${report.error.split('\n', 1)[0]}`);
    log(report.error);
  } else {
    showWorkers(report.workers);
  }
  showChecks(report.checks, report.ok);
  log(report.ok ? 'every check held' : 'NOT every check held');
  disable(button, false);
  Object.assign(globalThis, { demoReport: report });
}

/** @param {HTMLElement} section */
export async function mount(section) {
  const leaving = new AbortController();
  section.innerHTML = MARKUP;
  element('run').addEventListener('click', () => run(leaving.signal));
  if (new URLSearchParams(location.search).get('run') === 'demo') run(leaving.signal);
  return () => leaving.abort();
}
