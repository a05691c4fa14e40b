// wasm-bindgen's command line and wasm-pack, built by cargo and kept by version.
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { cacheDirectory, root } from './paths.mjs';
import { Stop } from './report.mjs';
import { ask, onPath, runLogged } from './run.mjs';
import { hostEnvironment } from './rust.mjs';

const WASM_PACK = '0.15.1';
const CARGO_LLVM_COV = '0.9.1';

/**
 * The directories to put in front of PATH.
 * @returns {Promise<string[]>}
 */
export async function wasmTools() {
  const version = lockedVersion('wasm-bindgen');
  const directories = [
    await tool('wasm-bindgen-cli', version, 'wasm-bindgen', ['--no-default-features']),
    await tool('wasm-pack', WASM_PACK, 'wasm-pack'),
  ];
  return [...new Set(directories)];
}

/**
 * The directory of cargo-llvm-cov, which only `npm run coverage` needs.
 * @returns {Promise<string>}
 */
export function coverageTool() {
  return tool('cargo-llvm-cov', CARGO_LLVM_COV, 'cargo-llvm-cov', [], ['llvm-cov']);
}

/**
 * The version in Cargo.lock: wasm-bindgen's tool must equal the crate to the digit.
 * @param {string} crate
 * @param {string} [project] where Cargo.lock is
 */
export function lockedVersion(crate, project = root) {
  const lock = readFileSync(join(project, 'Cargo.lock'), 'utf8').replaceAll('\r\n', '\n');
  const version = new RegExp(`name = "${crate}"\nversion = "([^"]+)"`).exec(lock)?.[1];
  if (!version) throw new Stop(`Cargo.lock has no ${crate}`);
  return version;
}

/**
 * @param {string} crate
 * @param {string} version
 * @param {string} binary the one that tells the version
 * @param {string[]} [features]
 * @param {string[]} [subcommand] what it wants to be told before it tells its version
 */
async function tool(crate, version, binary, features = [], subcommand = []) {
  const own = join(cacheDirectory, 'tools', `${crate}-${version}`);
  const ownBin = join(own, 'bin');
  if (answers(join(ownBin, binary), version, subcommand)) return ownBin;

  const there = onPath(binary);
  if (there && answers(there, version, subcommand)) return dirname(there);

  mkdirSync(own, { recursive: true });
  // Its own directory: another clone may be at the same at this moment.
  const target = mkdtempSync(join(cacheDirectory, 'build-'));
  const { CARGO_TARGET_DIR, ...env } = hostEnvironment();
  const install = ['install', '--force', '--root', own, crate, '--version', `=${version}`];
  const options = { cwd: cacheDirectory, env: { ...env, CARGO_TARGET_DIR: target } };
  const what = `building ${crate} ${version} (once; about two minutes on two cores)`;
  try {
    // As its authors locked it, where the registry still has all of that; else with newer crates.
    await runLogged(what, 'cargo', [...install, ...features, '--locked'], options).catch(() =>
      runLogged(`${what}, without its lock file`, 'cargo', [...install, ...features], options),
    );
  } finally {
    rmSync(target, { recursive: true, force: true });
  }
  if (!answers(join(ownBin, binary), version, subcommand)) {
    throw new Stop(`cargo install left no working ${binary} in ${ownBin}`);
  }
  return ownBin;
}

/**
 * @param {string} binary
 * @param {string} version
 * @param {string[]} subcommand
 */
function answers(binary, version, subcommand) {
  const said = ask(binary, [...subcommand, '--version'])?.split(/\s/) ?? [];
  return said.includes(version);
}
