// Rust: cargo for the host, and a rustc with the standard library of wasm32-unknown-unknown.
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isAvailable, isDebian } from './debian.mjs';
import { debianRust } from './debian-rust.mjs';
import { root } from './paths.mjs';
import { Stop, say } from './report.mjs';
import { ask, onPath, runLogged } from './run.mjs';

/** @typedef {import('./run.mjs').Environment} Environment */

export const WASM_TARGET = 'wasm32-unknown-unknown';

/**
 * The environment of cargo for the host: the toolchain that rustup has as its default, whatever
 * the caller's shell had set for another build.
 * @returns {Environment}
 */
export function hostEnvironment() {
  const {
    RUSTUP_TOOLCHAIN,
    RUSTC,
    RUSTFLAGS,
    CARGO_ENCODED_RUSTFLAGS,
    CARGO_BUILD_TARGET,
    ...env
  } = process.env;
  return env;
}

const INSTALL_RUST =
  process.platform === 'win32'
    ? '    winget install Rustlang.Rustup\n    rustup default stable'
    : '    curl --proto \'=https\' --tlsv1.2 -sSf https://sh.rustup.rs | sh\n    . "$HOME/.cargo/env"';

/** The minor version of Rust 1 that the library asks for. */
function oldestRust() {
  const manifest = readFileSync(join(root, 'crates', 'sharedwal', 'Cargo.toml'), 'utf8');
  return Number(/^rust-version = "1\.(\d+)/m.exec(manifest)?.[1]);
}

/** Stops with what to run when Rust is missing or too old. */
export async function hostRust() {
  const env = hostEnvironment();
  const oldest = oldestRust();
  const version = ask('rustc', ['--version'], { env });
  if (!version || !ask('cargo', ['--version'], { env })) {
    throw new Stop(
      `Rust 1.${oldest} or newer is needed. Run this, then start again:\n\n${INSTALL_RUST}`,
    );
  }
  const minor = Number(/ 1\.(\d+)/.exec(version)?.[1]);
  if (minor < oldest) {
    throw new Stop(
      `Rust 1.${oldest} or newer is needed, and this is ${version}. Run this, then start again:\n\n${
        onPath('rustup') ? '    rustup update stable' : INSTALL_RUST
      }`,
    );
  }
  await component('rustfmt', 'cargo-fmt', env);
  await component('clippy', 'cargo-clippy', env);
}

/**
 * @param {string} name
 * @param {string} tool the program that comes with it
 * @param {Environment} env
 */
async function component(name, tool, env) {
  if (ask(tool, ['--version'], { env })) return;
  if (!onPath('rustup')) throw new Stop(`${tool} is needed: install Rust's ${name}.`);
  const add = ['component', 'add', name];
  await runLogged(`rustup ${add.join(' ')}`, 'rustup', add, { env });
}

/**
 * Finds or makes the toolchain that builds for wasm32.
 * @returns {Promise<{ env: Environment, llvm?: number }>} what to add to the environment; the
 *   version of LLVM where the route decides it
 */
export async function wasmRust() {
  const env = hostEnvironment();
  if (process.env.WASM_ROUTE !== 'debian') {
    if (buildsWasm('rustc', env)) return { env: {} };
    if (onPath('rustup')) {
      const add = ['target', 'add', WASM_TARGET];
      try {
        await runLogged(`rustup ${add.join(' ')}`, 'rustup', add, { env });
        return { env: {} };
      } catch (error) {
        if (!(error instanceof Stop) || !isDebian()) throw error;
        say('setup', `${error.message}\n\nTrying Debian's packages instead.`);
      }
    }
  }
  if (!isDebian() || !(await isAvailable('rust-web-src'))) {
    throw new Stop(
      `The Rust standard library for ${WASM_TARGET} is missing. Run this, then start again:\n\n${
        onPath('rustup') ? '' : `${INSTALL_RUST}\n`
      }    rustup target add ${WASM_TARGET}`,
    );
  }
  return debianRust(buildsWasm);
}

/**
 * Compiles a library that uses std; the only proof that a toolchain is complete.
 * @param {string} rustc
 * @param {Environment} env
 */
function buildsWasm(rustc, env) {
  const directory = mkdtempSync(join(tmpdir(), 'sharedwal-'));
  try {
    const source = join(directory, 'lib.rs');
    writeFileSync(
      source,
      '#[unsafe(no_mangle)] pub extern "C" fn n() -> usize { std::hint::black_box(vec![String::from("x")]).len() }\n',
    );
    const args = ['--edition', '2024', '--crate-type', 'cdylib', '--target', WASM_TARGET];
    const done = ask(rustc, [...args, '--out-dir', directory, source], { env, cwd: directory });
    return done !== undefined && readdirSync(directory).includes('lib.wasm');
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
