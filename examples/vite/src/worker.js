import { open } from 'sharedwal';

const MILLISECONDS = 1000;

self.onmessage = async ({ data: { runtime, wasmModule, number } }) => {
  const db = await open(runtime, { wasmModule });
  const insert = db.prepare('INSERT INTO measurements (worker, value) VALUES (?, ?)');
  const insertHundred = db.transaction(() => {
    for (let i = 0; i < 100; i++) insert.run(number, Math.random());
  });

  const end = performance.now() + MILLISECONDS;
  let written = 0;
  while (performance.now() < end) {
    insertHundred.immediate();
    written += 100;
  }

  const { seen, average } = db
    .prepare('SELECT count(*) AS seen, avg(value) AS average FROM measurements')
    .get();
  db.close();
  self.postMessage({ written, seen, average });
  self.close();
};
