// @ts-check
// To be opened below /plain/, where the server sends no isolation headers.
import { createRuntime } from 'sharedwal';
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
  return report.result();
}
