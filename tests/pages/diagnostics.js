// @ts-check
// What a page is told of its runtime: files, connections, who pins the log, what happened.
import { createRuntime, diagnostics } from 'sharedwal';
import { withConnections } from './support/connected_worker.js';
import { Report } from './support/report.js';

const MIB = 1024 * 1024;

export async function run() {
  const report = new Report();
  await report.part('connections', () => whoDoesWhat(report));
  await report.part('segments', () => segments(report));
  return report.result();
}

/** @param {Report} report */
async function whoDoesWhat(report) {
  const runtime = createRuntime({ name: 'told' });
  report.equal('nobody is connected', diagnostics(runtime).connections, []);
  await withConnections(runtime, 3, async ([writer, reader, waiter]) => {
    if (!writer || !reader || !waiter) throw new Error('three workers are needed');
    await writer.exec('pragma wal_autocheckpoint = 0; create table t (x)');
    for (let i = 0; i < 5; i++) await writer.exec('insert into t values (zeroblob(3000))');
    const quiet = diagnostics(runtime);
    report.equal('connections', quiet.connections.length, 3);
    for (const { slot, state, transaction, locks } of quiet.connections) {
      report.equal(`connection ${slot}`, [state, transaction], ['live', null]);
      report.equal(`its locks`, locks, [{ name: 'EXCLUSIVE', exclusive: false }]);
    }
    report.equal('nobody pins the log', quiet.writeAheadPinnedBy, null);

    await reader.exec('begin');
    await reader.value('select count(*) /* ä */ from t');
    await writer.exec('begin immediate');
    await writer.exec('insert into t values (1)');
    const waiting = waiter.exec('insert into t values (2)');
    await new Promise((done) => setTimeout(done, 200));
    const busy = diagnostics(runtime);
    const writing = busy.connections.filter(({ locks }) =>
      locks.some(({ name, exclusive }) => name === 'WRITE' && exclusive),
    );
    report.equal('one connection writes', writing.length, 1);
    await writer.exec('commit');
    await waiting;
    const pinned = diagnostics(runtime);
    const by = pinned.writeAheadPinnedBy;
    report.check('a connection pins the log', by !== null);
    report.equal('by this statement', by?.transaction?.statement, 'select count(*) /* ä */ from t');
    report.equal('up to this frame', by?.transaction?.readMark, quiet.writeAheadFrames);
    const age = by?.transaction?.ageMs ?? -1;
    report.check('for some time', age >= 190 && age < 60_000, `${age} ms`);
    report.check('and it is not the writer', by?.slot !== writing[0]?.slot);
    report.atLeast('waits', pinned.counters.lockWaits, 1);
    report.atLeast('milliseconds of waiting', pinned.counters.lockWaitMs, 50);
    report.equal('commits', pinned.counters.commits - quiet.counters.commits, 2);
    await reader.exec('commit');
    report.equal('nobody pins it then', diagnostics(runtime).writeAheadPinnedBy, null);

    // An idle connection shows that it lives once a second.
    const beats = [];
    for (let i = 0; i < 30; i++) {
      await new Promise((done) => setTimeout(done, 100));
      beats.push(Math.max(...diagnostics(runtime).connections.map((one) => one.heartbeatAgeMs)));
    }
    report.check('heartbeats', Math.min(...beats) < 1000, `${beats}`);
    report.check('are regular', Math.max(...beats) < 20_000, `${beats}`);
  });
}

/** @param {Report} report */
async function segments(report) {
  const runtime = createRuntime({
    name: 'counted',
    initialDatabaseCapacityBytes: 65536,
    initialWriteAheadCapacityBytes: 65536,
    segmentCapacityBytes: MIB,
    maxDatabaseCapacityBytes: 16 * MIB,
    maxWriteAheadCapacityBytes: 16 * MIB,
  });
  report.equal('at first', diagnostics(runtime).writeAhead.segments.active, 0);
  await withConnections(runtime, 1, async ([db]) => {
    if (!db) throw new Error('a worker is needed');
    await db.exec('pragma wal_autocheckpoint = 0; create table t (x)');
    const fill = () =>
      db.exec(
        'insert into t with recursive n (i) as (select 1 union all select i + 1 from n where i < 100) select zeroblob(40000) from n',
      );
    await fill();
    const full = diagnostics(runtime).writeAhead;
    report.atLeast('segments in use', full.segments.active, 4);
    report.equal('all that are allocated', full.segments.allocated, full.segments.active);
    await db.rows('pragma wal_checkpoint(truncate)');
    const emptied = diagnostics(runtime).writeAhead;
    report.equal('after TRUNCATE', emptied.bytes, 0);
    report.equal('they are reclaimed', emptied.segments, {
      allocated: full.segments.allocated,
      active: 0,
      reclaimed: full.segments.allocated,
    });
    await db.exec('delete from t');
    await db.rows('pragma wal_checkpoint(truncate)');
    await fill();
    const again = diagnostics(runtime).writeAhead;
    report.check(
      'and used again before others are taken',
      again.segments.reclaimed === 0 || again.segments.allocated === full.segments.allocated,
      JSON.stringify(again.segments),
    );
    report.atLeast('in use again', again.segments.active, 4);
  });
}
