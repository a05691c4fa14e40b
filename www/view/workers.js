// @ts-check
import { count } from './format.js';
import { element } from './page.js';

/** @typedef {import('../job/main_job.js').WorkerProgress} WorkerProgress */

/** @param {WorkerProgress} worker */
function cells(worker) {
  return [
    `${count(worker.perSecond)} ${worker.role === 'importer' ? 'rows' : 'reads'}`,
    count(worker.transactions),
    worker.reads === undefined ? '–' : count(worker.reads),
    count(worker.rows),
    worker.counts === undefined ? '–' : count(worker.counts),
  ];
}

/** @param {WorkerProgress[]} workers */
export function showWorkers(workers) {
  const body = element('workers');
  for (const [i, worker] of workers.entries()) {
    const row = body.children[i] ?? body.appendChild(document.createElement('tr'));
    if (row.childElementCount === 0) {
      const name = row.appendChild(document.createElement('th'));
      name.scope = 'row';
      for (const _ of cells(worker))
        row.appendChild(document.createElement('td')).className = 'number';
    }
    for (const [at, text] of [worker.name, ...cells(worker)].entries()) {
      const cell = row.children[at];
      if (cell && cell.textContent !== text) cell.textContent = text;
    }
  }
  while (body.children.length > workers.length) body.lastElementChild?.remove();
}
