// @ts-check
// The demo's job, as a test.
import { runMainJob } from '../../www/job/main_job.js';

export function run() {
  return runMainJob();
}
