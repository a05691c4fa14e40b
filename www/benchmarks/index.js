// @ts-check
// The benchmark on the visitor's own machine. What is measured and how is in bench/.
import { runBenchmark } from '../../bench/benchmark.js';
import { offers } from '../../bench/environment.js';
import { h } from '../view/dom.js';
import { disable } from '../view/focus.js';
import { choices } from './choices.js';
import { results } from './results.js';

/**
 * @param {import('../../bench/benchmark.js').BenchReport} report
 * @param {number} trials
 */
function outcome({ failures }, trials) {
  if (trials === 0) return 'None of the chosen contenders can do the chosen workloads.';
  return `Done: ${trials} trials${failures.length > 0 ? `, ${failures.length} of which failed` : ''}.`;
}

/**
 * @param {HTMLElement} section
 * @returns {Promise<() => void>} ends the workers
 */
export async function mount(section) {
  const form = choices(await offers());
  const shown = results();
  /** @type {AbortController | undefined} */
  let running;

  const status = h('p', { role: 'status' }, 'Ready.');
  const progress = h('progress', { max: 1, value: 0, 'aria-label': 'How far the run is' });
  const run = h('button', { type: 'button', class: 'primary', click: () => start() }, 'Run');
  const cancel = disable(h('button', { type: 'button', click: () => running?.abort() }, 'Cancel'));

  async function start() {
    const { plan, workloads } = form.read();
    if (workloads.length === 0 || plan.contenders.length === 0) {
      status.textContent = 'Choose at least one contender and one workload.';
      return;
    }
    const run = new AbortController();
    running = run;
    lock(true);
    shown.clear();
    let [done, total] = [0, 1];
    try {
      const report = await runBenchmark(plan, {
        signal: run.signal,
        only: (name) => workloads.includes(name),
        onProgress(now) {
          ({ done, total } = now);
          status.textContent = `${done} of ${total} trials. ${now.text} …`;
          progress.value = total && done / total;
          shown.draw(now.workloads);
        },
      });
      status.textContent = outcome(report, total);
      if (total > 0) shown.finish(report);
    } catch (error) {
      status.textContent = run.signal.aborted
        ? `Cancelled after ${done} of ${total} trials.`
        : `It failed: ${error instanceof Error ? error.message : error}`;
      if (!run.signal.aborted) console.error(error);
    }
    running = undefined;
    lock(false);
  }

  /** @param {boolean} on */
  function lock(on) {
    form.lock(on);
    disable(run, on);
    disable(cancel, !on);
  }

  section.append(
    h('h2', {}, 'Benchmarks'),
    h(
      'p',
      { class: 'intro' },
      'The same work for sharedwal and for what one would use otherwise, on this machine, in turns, each time with ' +
        'fresh workers and a fresh database. Bars are medians, lines go from the lowest run to the highest. ' +
        'Other tabs and programs that work meanwhile falsify it.',
    ),
    h(
      'section',
      { class: 'card', 'aria-label': 'What to measure' },
      form.element,
      h('div', { class: 'run' }, run, cancel),
      status,
      progress,
    ),
    shown.element,
  );
  return () => running?.abort();
}
