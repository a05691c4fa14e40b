// @ts-check
// To be opened below /plain/, where the server sends no isolation headers.
import { createRuntime } from 'sharedwal';
import { doctor } from '../../dist/doctor/index.js';
import { Report } from './support/report.js';

export async function run() {
  const report = new Report();
  report.check(
    'the page is not isolated',
    !globalThis.crossOriginIsolated,
    'open it below /plain/',
  );
  for (const header of [
    /Cross-Origin-Opener-Policy: same-origin/,
    /Cross-Origin-Embedder-Policy: require-corp/,
  ]) {
    report.throws(`createRuntime names ${header.source}`, () => createRuntime(), {
      type: 'SqliteError',
      code: 'NOT_CROSS_ORIGIN_ISOLATED',
      message: header,
    });
  }
  const diagnosis = await doctor({ host: 'github-pages' });
  report.equal('doctor: it does not work', diagnosis.ok, false);
  report.equal('doctor: the headers are not there', diagnosis.environment.headers, {
    'Cross-Origin-Opener-Policy': null,
    'Cross-Origin-Embedder-Policy': null,
  });
  const errors = diagnosis.findings.filter(({ severity }) => severity === 'error');
  report.equal(
    'doctor: what is missing',
    errors.map(({ code }) => code),
    ['NOT_CROSS_ORIGIN_ISOLATED', 'HEADER_MISSING', 'HEADER_MISSING'],
  );
  const text = String(diagnosis);
  for (const part of ['does not work here', 'require-corp', 'isolation-service-worker.js']) {
    report.check(`doctor: the text has ${part}`, text.includes(part), text);
  }
  const worker = new Worker(new URL('./workers/doctor_worker.js', import.meta.url), {
    type: 'module',
  });
  /** @type {import('../../dist/doctor/index.js').Diagnosis} */
  const inWorker = await new Promise((resolve, reject) => {
    worker.onmessage = ({ data }) => resolve(data);
    worker.onerror = reject;
  }).finally(() => worker.terminate());
  const missing = inWorker.findings.filter(({ code }) => code === 'HEADER_MISSING');
  report.equal(
    "doctor: a worker's script needs one header",
    missing.map(({ advice }) => advice),
    ['Send Cross-Origin-Embedder-Policy: require-corp'],
  );
  return report.result();
}
