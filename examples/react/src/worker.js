import { open } from 'sharedwal';

self.onmessage = async ({ data: { runtime, count } }) => {
  const db = await open(runtime);
  const insert = db.prepare('INSERT INTO todos (title) VALUES (?)');
  for (let i = 1; i <= count; i++) insert.run(`Number ${i} of a worker`);
  db.close();
  postMessage('done');
};
