// How Rust and C are compiled for wasm32.
import { homedir } from 'node:os';
import { join } from 'node:path';
import { root } from './paths.mjs';
import { ask } from './run.mjs';

/** @typedef {import('./run.mjs').Environment} Environment */

/** In every engine that has growable shared memory. */
const FEATURES = ['bulk-memory', 'sign-ext', 'nontrapping-fptoint', 'mutable-globals', 'simd128'];

/** The same for clang. Most of SQLite is compiled for size all the same, see amalgamation.mjs. */
const C_FLAGS = [
  '-O2',
  // SQLite's loops are short: this made it larger, and not faster.
  '-fno-vectorize',
  '-fno-slp-vectorize',
  '-fno-unroll-loops',
  '-mbulk-memory',
  '-msign-ext',
  '-mnontrapping-fptoint',
  '-mmutable-globals',
  '-msimd128',
];

/** The same for wasm-opt. */
export const binaryenFeatures = [
  '--enable-bulk-memory',
  '--enable-sign-ext',
  '--enable-nontrapping-float-to-int',
  '--enable-mutable-globals',
  '--enable-simd',
];

/**
 * @param {Environment} env the one that the compiler will run in
 * @returns {Environment}
 */
export function wasmFlags(env) {
  const cargoHome = env.CARGO_HOME || join(homedir(), '.cargo');
  const sysroot = ask('rustc', ['--print', 'sysroot'], { env }) ?? '';
  const flags = [
    '-C',
    `target-feature=${FEATURES.map((feature) => `+${feature}`).join(',')}`,
    // Panic messages name source files; the package is the same whoever builds it where.
    `--remap-path-prefix=${join(cargoHome, 'registry', 'src')}=/registry`,
    `--remap-path-prefix=${join(sysroot, 'lib', 'rustlib', 'src', 'rust')}=/rust`,
    `--remap-path-prefix=${root}=/sharedwal`,
  ];
  return {
    // Not RUSTFLAGS, which is split at spaces: paths have them.
    CARGO_ENCODED_RUSTFLAGS: flags.join('\x1f'),
    CFLAGS_wasm32_unknown_unknown: C_FLAGS.join(' '),
  };
}
