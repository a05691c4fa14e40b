import { compileWasm, createRuntime, open } from 'sharedwal';

const WORKERS = 4;

// The database: nothing but shared memory, which lives as long as this page.
const runtime = createRuntime({ name: 'measurements' });

// Compiled once, for everybody who opens the database.
const wasmModule = await compileWasm();
const db = await open(runtime, { wasmModule });
db.exec('CREATE TABLE measurements (id INTEGER PRIMARY KEY, worker INTEGER, value REAL)');

const button = /** @type {HTMLButtonElement} */ (document.getElementById('start'));
const table = /** @type {HTMLElement} */ (document.getElementById('workers'));
const total = /** @type {HTMLElement} */ (document.getElementById('total'));

/**
 * Starts a worker and waits for what it has done.
 *
 * @param {number} number
 * @returns {Promise<{ written: number, seen: number, average: number }>}
 */
function measure(number) {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL('./worker.js', import.meta.url), { type: 'module' });
    worker.onmessage = ({ data }) => resolve(data);
    worker.onerror = ({ message }) => reject(new Error(message));
    worker.postMessage({ runtime, wasmModule, number });
  });
}

button.disabled = false;
button.onclick = async () => {
  button.disabled = true;
  table.replaceChildren();
  const numbers = Array.from({ length: WORKERS }, (_, index) => index + 1);
  await Promise.all(
    numbers.map(async (number) => {
      const { written, seen, average } = await measure(number);
      const row = document.createElement('tr');
      for (const cell of [number, written, seen, average.toFixed(3)]) {
        row.insertCell().textContent = cell.toLocaleString('en');
      }
      table.append(row);
    }),
  );
  // The page itself may read too: it just never waits for a lock.
  const rows = db.prepare('SELECT count(*) FROM measurements').pluck().get();
  total.textContent = `${rows.toLocaleString('en')} rows in the database`;
  button.disabled = false;
};
