import init, { Board } from './pkg/rust_app.js';

const WORKERS = 3;
const END = 2_000_000;
const PRIMES_BELOW_END = 148_933;
const JOB_LENGTH = 20_000;

const status = document.getElementById('status');
const table = document.getElementById('workers');

/** The next message of a worker; what it failed with is thrown. */
function answer(worker) {
  return new Promise((resolve, reject) => {
    worker.onmessage = ({ data }) => (data.error ? reject(new Error(data.error)) : resolve(data));
    worker.onerror = (event) => reject(new Error(event.message));
  });
}

function show({ jobs, done, primes, workers }) {
  status.textContent = `${done} of ${jobs} jobs done, ${primes} primes found.`;
  table.replaceChildren(
    ...Object.entries(workers).map(([name, done]) => {
      const row = document.createElement('tr');
      row.append(document.createElement('th'), document.createElement('td'));
      row.firstChild.textContent = name;
      row.lastChild.textContent = `${done}`;
      return row;
    }),
  );
}

async function run() {
  // Compiled once; each worker gets the compiled module with its first message.
  const module = await WebAssembly.compileStreaming(
    fetch(new URL('pkg/rust_app_bg.wasm', import.meta.url)),
  );
  await init({ module_or_path: module });
  const board = await Board.create();
  const workers = await Promise.all(
    Array.from({ length: WORKERS }, async (_, index) => {
      const worker = new Worker(new URL('worker.js', import.meta.url), { type: 'module' });
      worker.postMessage({ handle: board.handle(), module, name: `worker ${index + 1}` });
      await answer(worker);
      return worker;
    }),
  );

  const jobs = board.add_jobs(END, JOB_LENGTH);
  const timer = setInterval(() => show(board.progress()), 50);
  const counts = await Promise.all(
    workers.map((worker) => {
      worker.postMessage({ work: true });
      return answer(worker);
    }),
  );
  clearInterval(timer);

  const progress = board.progress();
  show(progress);
  const file = await board.export();
  const done = counts.reduce((sum, { done }) => sum + done, 0);
  return [
    { name: 'every job was done, and by one worker', ok: done === jobs && progress.done === jobs },
    { name: `${PRIMES_BELOW_END} primes`, ok: progress.primes === PRIMES_BELOW_END },
    { name: 'all workers joined', ok: Object.keys(progress.workers).length === WORKERS },
    {
      name: 'the export is a file of SQLite',
      ok: new TextDecoder().decode(file.subarray(0, 15)) === 'SQLite format 3',
    },
  ];
}

try {
  globalThis.checks = await run();
  const failed = globalThis.checks.filter(({ ok }) => !ok);
  document.getElementById('verdict').textContent =
    failed.length === 0 ? 'All of it is right.' : `Wrong: ${failed.map(({ name }) => name)}`;
} catch (error) {
  document.getElementById('verdict').textContent = `Failed: ${error}`;
}
