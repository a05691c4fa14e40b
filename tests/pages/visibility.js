// @ts-check
// What one worker has committed, another one sees: as soon as it is told, and also when its event
// loop never turns.
import { createRuntime } from 'sharedwal';
import { Report } from './support/report.js';
import { withWorkers } from './support/task_worker.js';

const ROUNDS = 1000;
const STEPS = 400;
const FLOOR = 50;

export async function run() {
  const report = new Report();
  const runtime = createRuntime({ name: 'visibility' });
  await withWorkers(2, async (workers) => {
    for (const worker of workers) await worker.run('visibility_tasks', 'connect', { runtime });
    const [writer, reader] = /** @type {[typeof workers[0], typeof workers[0]]} */ (workers);
    await writer.run('database_tasks', 'openDatabase', { runtime });
    await writer.run('database_tasks', 'exec', {
      sql: `create table told (side text, round integer, text text, primary key (side, round));
            create table steps (id integer primary key, last integer not null)`,
    });

    await report.part('told by a message', async () => {
      const { port1, port2 } = new MessageChannel();
      const [a, b] = await Promise.all([
        writer.run(
          'visibility_tasks',
          'play',
          { port: port1, rounds: ROUNDS, serve: true, side: 'a' },
          [port1],
        ),
        reader.run(
          'visibility_tasks',
          'play',
          { port: port2, rounds: ROUNDS, serve: false, side: 'b' },
          [port2],
        ),
      ]);
      report.equal('rows that b was told of', b.told, ROUNDS);
      report.equal('rows that b saw when told', b.seen, ROUNDS);
      report.equal('rows that a was told of', a.told, ROUNDS);
      report.equal('rows that a saw when told', a.seen, ROUNDS);
    });

    await report.part('a reader that never yields', async () => {
      const [read] = await Promise.all([
        reader.run('visibility_tasks', 'readWithoutYielding', { timeoutMs: 60_000 }),
        writer.run('visibility_tasks', 'writeSlowly', { rows: STEPS, pauseMs: 1 }),
      ]);
      report.check('it saw the last row', read.finished, `${read.reads} reads`);
      report.equal('times that it saw an older state again', read.falls, 0);
      report.atLeast('different states that it saw', read.different, FLOOR);
      report.figures.neverYields = read;
    });
    await report.part('a nested worker', async () => {
      report.equal(
        'what its parent committed is what it sees',
        await writer.run('visibility_tasks', 'askNestedWorker', { runtime }),
        { seen: 'from the parent', answer: 'from the nested worker' },
      );
    });
    for (const worker of workers) await worker.run('visibility_tasks', 'close');
  });
  return report.result();
}
