// A thread that counts what each operation costs, which it is given a runtime for.
import { parentPort } from 'node:worker_threads';
import { operations, ready } from '../costs/operations.js';

await ready();
parentPort?.on('message', async ({ title, source }) => {
  const operation = operations.find((one) => one.title === title);
  const tallied = await operation?.count(source);
  parentPort?.postMessage({ tallies: [tallied].flat() });
});
