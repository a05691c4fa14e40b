// sharedwal/pool in Node, by the checks that pages make as well: its workers are threads.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { checkArea, parts } from '../pages/pool/parts.js';
import { Report } from '../pages/support/report.js';

const script = new URL('../../dist/pool_worker.js', import.meta.url);
const host = { quick: Boolean(process.env.SHAREDWAL_QUICK), start: () => new Worker(script) };

for (const area of Object.keys(parts)) {
  test(`pool: ${area}`, { timeout: 120_000 }, async () => {
    const report = new Report();
    await checkArea(report, host, area);
    const { checks, figures } = report.result();
    const failed = checks.filter(({ ok }) => !ok);
    assert.deepEqual(failed, []);
    assert.ok(checks.length >= 10, `${checks.length} checks`);
    console.log(`pool: ${area}: ${checks.length} checks`, JSON.stringify(figures));
  });
}
