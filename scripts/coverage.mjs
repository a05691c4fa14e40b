// `npm run coverage`: how much of crates/sharedwal the native tests run, by cargo-llvm-cov. The
// parts that only a browser has are not in it. A test that fails does not matter here: `npm test`
// is for that.
import { delimiter } from 'node:path';
import { main, Stop, say } from './setup/report.mjs';
import { ask, onPath, runShown } from './setup/run.mjs';
import { coverageTool } from './setup/tools.mjs';
import { setup } from './setup.mjs';

/** What only test builds have. */
const IGNORED = String.raw`/(src/tests/|injection\.rs)`;

/** Tests that take minutes when they are measured, or have a bound of time that ends the process. */
const SKIPPED = ['tests::model::', 'tests::mutations::', 'tests::fuzz::control_block::'];

/**
 * LLVM's tools of the version that rustc was built with.
 * @param {import('./setup/run.mjs').Environment} env
 */
function llvmTools(env) {
  const version = /LLVM version: (\d+)/.exec(ask('rustc', ['-vV'], { env }) ?? '')?.[1];
  const named = { LLVM_COV: env.LLVM_COV, LLVM_PROFDATA: env.LLVM_PROFDATA };
  const cov = named.LLVM_COV ?? onPath(`llvm-cov-${version}`, env);
  const profdata = named.LLVM_PROFDATA ?? onPath(`llvm-profdata-${version}`, env);
  if (cov && profdata) return { LLVM_COV: cov, LLVM_PROFDATA: profdata };
  throw new Stop(
    `llvm-cov and llvm-profdata of LLVM ${version} are needed, as rustc has. On Debian:\n\n    apt-get install llvm-${version}   (as root)\n\nElsewhere name them: LLVM_COV=... LLVM_PROFDATA=...`,
  );
}

await main(import.meta.url, async () => {
  const { env } = await setup({ browser: false });
  const tools = llvmTools(env);
  const directory = await coverageTool();
  say('coverage', 'building and running the native tests; a few minutes');
  const args = ['llvm-cov', '--locked', '-p', 'sharedwal', '--summary-only'];
  const report = ['--ignore-filename-regex', IGNORED, '--ignore-run-fail'];
  const skipped = SKIPPED.flatMap((name) => ['--skip', name]);
  return runShown('cargo', [...args, ...report, '--', ...skipped], {
    env: {
      ...env,
      ...tools,
      PATH: [directory, env.PATH].join(delimiter),
      SHAREDWAL_QUICK: '1',
    },
  });
});
