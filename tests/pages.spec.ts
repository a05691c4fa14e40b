import { openPage, quick } from './open_page.js';
import { inWebKit, test } from './tab.js';

const MINUTE = 60_000;

/** Pages that are opened once, with the checks that each makes at least. */
const pages: Record<
  string,
  { minChecks: number; timeout: number; params?: Record<string, string> }
> = {
  main_job: { minChecks: 40, timeout: 5 * MINUTE },
  counter: { minChecks: 30, timeout: 5 * MINUTE },
  transfers: { minChecks: 31, timeout: 3 * MINUTE },
  change_feed: { minChecks: 25, timeout: 3 * MINUTE },
  visibility: { minChecks: 8, timeout: 3 * MINUTE },
  snapshot: { minChecks: 50, timeout: 3 * MINUTE },
  deaths: { minChecks: 20, timeout: 5 * MINUTE },
  evictions: { minChecks: 30, timeout: 2 * MINUTE },
  stopping: { minChecks: 60, timeout: 3 * MINUTE },
  kill: { minChecks: 15, timeout: 4 * MINUTE },
  disposing: { minChecks: 80, timeout: 2 * MINUTE },
  limits: { minChecks: 120, timeout: 3 * MINUTE },
  traps: { minChecks: 120, timeout: 10 * MINUTE },
  diagnostics: { minChecks: 20, timeout: 2 * MINUTE },
  transactions: { minChecks: 45, timeout: 3 * MINUTE },
  growth: { minChecks: 50, timeout: 5 * MINUTE },
  costs: { minChecks: 22, timeout: MINUTE },
  log_growth: { minChecks: 29, timeout: 3 * MINUTE },
  functions: { minChecks: 40, timeout: 2 * MINUTE },
  api: { minChecks: 400, timeout: 10 * MINUTE },
  bad_input: { minChecks: 130, timeout: 3 * MINUTE },
  isolation: { minChecks: 25, timeout: 2 * MINUTE },
  files: { minChecks: 60, timeout: 5 * MINUTE },
  contention: { minChecks: 25, timeout: 3 * MINUTE },
  as_on_files: { minChecks: 400, timeout: 2 * MINUTE },
  images: { minChecks: 80, timeout: 3 * MINUTE },
  image_streams: { minChecks: 70, timeout: 3 * MINUTE },
  image_sources: { minChecks: 110, timeout: 3 * MINUTE },
  clones: { minChecks: 40, timeout: 3 * MINUTE },
  pool: { minChecks: 350, timeout: 5 * MINUTE },
  doctor: { minChecks: 85, timeout: MINUTE },
  opening: { minChecks: 15, timeout: MINUTE },
  proofs: { minChecks: 20, timeout: MINUTE },
  drivers: { minChecks: 50, timeout: MINUTE },
  site: { minChecks: 27, timeout: 3 * MINUTE },
  sql_logic: { minChecks: 5, timeout: 5 * MINUTE },
};

for (const [name, { minChecks, timeout }] of Object.entries(pages)) {
  test(name, async ({ tab }) => {
    test.setTimeout(timeout + 10_000);
    await openPage(tab, name, { minChecks, timeout, params: quick ? { quick: '1' } : {} });
  });
}

test('large', async ({ tab }) => {
  test.skip(!process.env.SHAREDWAL_LARGE, 'takes 6 GiB of memory: set SHAREDWAL_LARGE=1');
  const timeout = 10 * MINUTE;
  test.setTimeout(timeout + 10_000);
  const { figures } = await openPage(tab, 'large', { minChecks: 12, timeout });
  console.log(figures);
});

test('not_isolated', async ({ tab }) => {
  test.skip(inWebKit, 'what switches shared memory on there does so in every page');
  await openPage(tab, 'not_isolated', { minChecks: 9, base: '/plain/tests/' });
});
