// @ts-check
// The benchmark's page. `?run=quick` or `?run=full` starts it at once; `only=` is a pattern for the
// names of workloads. The results are left in `globalThis.benchReport`.
import { plans, runBenchmark } from './benchmark.js';
import { workloadCharts } from './chart.js';
import { contenders } from './contenders/all.js';
import { failureRows, tableRows } from './table.js';

const params = new URLSearchParams(location.search);
const status = element('status');
const button = /** @type {HTMLButtonElement} */ (element('run'));

/** @param {string} id */
function element(id) {
  const found = document.getElementById(id);
  if (!found) throw new Error(`the page has no ${id}`);
  return found;
}

/** @param {string} text */
function say(text) {
  status.textContent = text;
  console.log(`[bench] ${text}`);
}

/** @param {string} name */
const titleOf = (name) => contenders.find((one) => one.name === name)?.title ?? name;

/** @param {import('./benchmark.js').Progress} progress */
function showProgress({ text, workloads }) {
  say(text);
  element('charts').replaceChildren(...workloadCharts(workloads, titleOf));
}

/** @param {import('./benchmark.js').BenchReport} report */
function show(report) {
  const rows = tableRows(report);
  const cells = (/** @type {string} */ tag, /** @type {string[]} */ texts) =>
    texts.map((text) => Object.assign(document.createElement(tag), { textContent: text }));
  element('columns').replaceChildren(...cells('th', Object.keys(rows[0] ?? {})));
  element('rows').replaceChildren(
    ...rows.map((row) => {
      const line = document.createElement('tr');
      line.append(...cells('td', Object.values(row)));
      return line;
    }),
  );
}

/** @param {import('./benchmark.js').Plan} plan */
async function run(plan) {
  button.disabled = true;
  try {
    const only = new RegExp(params.get('only') ?? '.');
    const report = await runBenchmark(plan, {
      onProgress: showProgress,
      only: (name) => only.test(name),
    });
    show(report);
    for (const row of failureRows(report)) say(`Does not count: ${Object.values(row).join(', ')}`);
    Object.assign(globalThis, { benchReport: report });
  } catch (error) {
    say(`Failed: ${error}`);
    throw error;
  } finally {
    button.disabled = false;
  }
}

button.addEventListener('click', () => run(plans.full));
const wanted = params.get('run');
if (wanted === 'full' || wanted === 'quick') await run(plans[wanted]);
