// Builds dist/: the wasm module and its glue by wasm-pack, then the TypeScript sources.
//
//   node scripts/build.mjs          optimised
//   node scripts/build.mjs --dev    the wasm module quickly, without optimisation
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { join } from 'node:path';
import { changed, remember } from './setup/fingerprint.mjs';
import { root, targetDirectory } from './setup/paths.mjs';
import { main, say } from './setup/report.mjs';
import { ask, runLogged } from './setup/run.mjs';
import { binaryenFeatures } from './setup/wasm-flags.mjs';
import { setup } from './setup.mjs';

/** @typedef {import('./setup.mjs').Setup} Setup */

const CRATE = join(root, 'crates', 'sharedwal-js');
const dist = join(root, 'dist');
const WASM_FILE = 'sharedwal.wasm';
/** Where wasm-pack leaves its files; the module there has the names of its functions. */
const fresh = join(targetDirectory, 'wasm-pack');
const linked = join(fresh, 'sharedwal_js_bg.wasm');

/** What decides the wasm module's content, besides the toolchain. */
const WASM_SOURCES = ['crates', 'Cargo.toml', 'Cargo.lock', '.cargo'];
const TS_SOURCES = [
  'js/src',
  'crates/sharedwal/src/lease.js',
  'tsconfig.json',
  'tsconfig.build.json',
  'package-lock.json',
];

/**
 * @param {Setup} environment
 * @param {{ dev?: boolean }} [options]
 */
export async function build(environment, { dev = false } = {}) {
  await buildWasm(environment, dev);
  await buildTypeScript(environment);
}

/**
 * @param {Setup} environment
 * @param {boolean} dev
 */
export async function buildWasm({ wasmEnv }, dev = false) {
  const output = join(dist, 'wasm');
  const flavour = [
    dev ? 'dev' : 'release',
    ask('rustc', ['-vV'], { env: wasmEnv }),
    wasmEnv.CC_wasm32_unknown_unknown,
    wasmEnv.CFLAGS_wasm32_unknown_unknown,
    wasmEnv.CARGO_ENCODED_RUSTFLAGS,
    readFileSync(join(root, 'node_modules', 'binaryen', 'package.json'), 'utf8'),
  ].join(' ');
  const module = join(dist, WASM_FILE);
  const complete = existsSync(module) && existsSync(output) && (dev || existsSync(linked));
  const news = changed('wasm', WASM_SOURCES, flavour);
  if (complete && !news) return;

  // Made aside and then put in place whole: a build that fails leaves the last good one.
  rmSync(fresh, { recursive: true, force: true });
  await runLogged(
    `building the wasm module (${dev ? 'dev' : 'release'})`,
    'wasm-pack',
    [
      ...['build', CRATE, '--mode', 'no-install', '--target', 'web', '--no-pack', '--no-opt'],
      ...[dev ? '--dev' : '--release', '--out-dir', fresh, '--out-name', 'sharedwal_js'],
      ...['--', '--locked'],
    ],
    { env: wasmEnv, topic: 'build' },
  );
  for (const unwanted of ['.gitignore', 'README.md', 'package.json', 'sharedwal_js_bg.wasm.d.ts']) {
    rmSync(join(fresh, unwanted), { force: true });
  }
  const optimised = dev ? linked : await optimise(linked, wasmEnv);
  rmSync(output, { recursive: true, force: true });
  mkdirSync(output, { recursive: true });
  renameSync(optimised, module);
  cpSync(fresh, output, { recursive: true, filter: (file) => file !== linked });
  if (news) remember('wasm', news);
  say('build', `dist/${WASM_FILE}: ${(statSync(module).size / 1024).toFixed(0)} KiB`);
}

/**
 * Makes a module smaller: the instructions, and without names of functions and of compilers.
 * @param {string} module
 * @param {import('./setup/run.mjs').Environment} env
 * @returns {Promise<string>} the file that it made
 */
async function optimise(module, env) {
  const smaller = `${module}.opt`;
  const strip = ['--strip-debug', '--strip-producers', '--strip-target-features'];
  await wasmOpt(module, smaller, strip, env);
  return smaller;
}

/**
 * The module of dist/ with the names of its functions, for profiles.
 * @param {Setup} environment
 * @param {string} output
 */
export async function wasmWithNames({ wasmEnv }, output) {
  await wasmOpt(linked, output, ['-g'], wasmEnv);
}

/**
 * @param {string} module
 * @param {string} output
 * @param {string[]} options
 * @param {import('./setup/run.mjs').Environment} env
 */
async function wasmOpt(module, output, options, env) {
  const program = join(root, 'node_modules', 'binaryen', 'bin', 'wasm-opt');
  await runLogged(
    'optimising the wasm module',
    process.execPath,
    [program, '-O3', ...binaryenFeatures, ...options, module, '-o', output],
    { env, topic: 'build' },
  );
}

/** @param {Setup} environment */
export async function buildTypeScript({ env }) {
  const news = changed('typescript', [...TS_SOURCES, 'dist/wasm/sharedwal_js.d.ts']);
  if (!news && existsSync(join(dist, 'index.js'))) return;
  const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  const fresh = join(root, 'target', 'typescript');
  rmSync(fresh, { recursive: true, force: true });
  await runLogged(
    'compiling js/src to dist',
    process.execPath,
    [tsc, '-p', 'tsconfig.build.json', '--outDir', fresh],
    { env, topic: 'build' },
  );
  cpSync(join(root, 'crates', 'sharedwal', 'src', 'lease.js'), join(fresh, 'lease.js'));
  const copied = ['lease.d.ts', 'isolation-service-worker.js', 'isolation-service-worker.d.ts'];
  for (const file of copied) cpSync(join(root, 'js', 'src', file), join(fresh, file));
  for (const name of readdirSync(dist).filter((name) => name !== 'wasm' && name !== WASM_FILE)) {
    rmSync(join(dist, name), { recursive: true, force: true });
  }
  cpSync(fresh, dist, { recursive: true });
  if (news) remember('typescript', news);
}

await main(import.meta.url, async () => {
  await build(await setup({ browser: false }), { dev: process.argv.includes('--dev') });
  say('build', 'dist/ is up to date');
});
