// Builds examples/rust-app as its README says, and serves it.
//
//   node scripts/rust-app.mjs
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { serve } from './serve.mjs';
import { root, targetDirectory } from './setup/paths.mjs';
import { main, Stop, say } from './setup/report.mjs';
import { runLogged } from './setup/run.mjs';
import { WASM_TARGET } from './setup/rust.mjs';
import { lockedVersion } from './setup/tools.mjs';
import { setup } from './setup.mjs';

/** @typedef {import('./setup.mjs').Setup} Setup */
/** @typedef {import('./setup/run.mjs').Environment} Environment */

const app = join(root, 'examples', 'rust-app');

/**
 * What somebody has who builds an app: a compiler for C, and none of the flags of our own build.
 * @param {Setup} environment
 * @returns {Environment}
 */
export function userEnvironment({ wasmEnv }) {
  const { CARGO_ENCODED_RUSTFLAGS, CFLAGS_wasm32_unknown_unknown, ...env } = wasmEnv;
  return env;
}

/**
 * @param {Setup} environment
 * @param {{ project?: string, target?: string, output?: string }} [places] the project, cargo's
 *   target directory for it, and the folder for the module and its glue
 */
export async function buildRustApp(
  environment,
  { project = app, target = join(targetDirectory, 'rust-app'), output = join(project, 'pkg') } = {},
) {
  const env = { ...userEnvironment(environment), CARGO_TARGET_DIR: target };
  sameBindgen(project);
  const name = project === app ? 'the Rust app' : 'the Rust app, with the packaged crate';
  await runLogged(
    `building ${name}`,
    'cargo',
    ['build', '--release', '--locked', '--target', WASM_TARGET],
    { env, cwd: project, topic: 'build' },
  );
  const module = join(target, WASM_TARGET, 'release', 'rust_app.wasm');
  if (!existsSync(module)) throw new Stop(`cargo built no ${module}`);
  await runLogged(
    `the glue of ${name}`,
    'wasm-bindgen',
    ['--target', 'web', '--out-dir', output, module],
    { env, topic: 'build' },
  );
}

/**
 * The CLI that set-up installs is for the repository's wasm-bindgen.
 * @param {string} project
 */
function sameBindgen(project) {
  const [its, ours] = [lockedVersion('wasm-bindgen', project), lockedVersion('wasm-bindgen')];
  if (its === ours) return;
  throw new Stop(
    `examples/rust-app has wasm-bindgen ${its}, the repository ${ours}. Run there: cargo update -p wasm-bindgen --precise ${ours}`,
  );
}

await main(import.meta.url, async () => {
  await buildRustApp(await setup({ browser: false }));
  const { url } = await serve({ port: Number(process.env.PORT ?? 8080) });
  say('rust-app', `${url}/examples/rust-app/ (Ctrl-C stops)`);
});
