// The Debian route to wasm32: Debian's rustc, and its standard library built once from the
// packaged sources.
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { debianPackages, isRoot, packageField } from './debian.mjs';
import { cacheDirectory } from './paths.mjs';
import { Stop, say } from './report.mjs';
import { ask, onPath, runLogged } from './run.mjs';

/** @typedef {import('./run.mjs').Environment} Environment */

const TARGET = 'wasm32-unknown-unknown';
const RUSTC = '/usr/bin/rustc';
const STD = `/usr/lib/rustlib/${TARGET}`;
const SOURCES = '/usr/lib/rustlib/src/rust';

/** The name under which rustup gets to know Debian's toolchain. */
const LINKED = 'debian';

/**
 * @param {(rustc: string, env: Environment) => boolean} buildsWasm
 * @returns {Promise<{ env: Environment, llvm: number }>}
 */
export async function debianRust(buildsWasm) {
  if (!isRoot && !existsSync(STD)) {
    throw new Stop(
      `The Rust standard library for ${TARGET} is missing. With rustup (see https://rustup.rs) it is one command:\n\n    rustup target add ${TARGET}\n\nOr, with Debian's packages, run this script once as root: it installs them and builds it under ${STD}:\n\n    WASM_ROUTE=debian npm run setup`,
    );
  }
  await debianPackages(
    ['rustc-web', 'cargo-web', 'rust-web-src', 'rust-web-clippy', 'rustfmt-web'],
    `The Rust standard library for ${TARGET} is missing (with rustup: rustup target add ${TARGET})`,
  );
  const about = ask(RUSTC, ['-vV'], { env: systemEnvironment() }) ?? '';
  const fact = (/** @type {string} */ name) =>
    new RegExp(`^${name}: (.*)$`, 'm').exec(about)?.[1] ?? '';
  const llvm = Number.parseInt(fact('LLVM version'), 10);
  // lld comes by name: it is linked to where rustc looks for its own linker.
  await debianPackages(
    [`clang-${llvm}`, `lld-${llvm}`, `llvm-${llvm}`],
    `A clang and a linker for ${TARGET} are missing`,
  );
  link(`/usr/lib/llvm-${llvm}/bin/lld`, `/usr/lib/rustlib/${fact('host')}/bin/rust-lld`);

  const sourceVersion = packageField('rust-web-src', 'Version');
  const stamp = `${about}\n${sourceVersion}\n`;
  const stampFile = join(STD, '.sharedwal-built-by');
  const known = existsSync(stampFile) && readFileSync(stampFile, 'utf8') === stamp;
  if (!known && !buildsWasm(RUSTC, systemEnvironment())) {
    if (!isRoot) throw new Stop(`${STD} is missing: run this script once as root.`);
    await buildStd(fact('commit-hash'));
    if (!buildsWasm(RUSTC, systemEnvironment())) {
      throw new Stop(`The standard library under ${STD} was built but does not work.`);
    }
    writeFileSync(stampFile, stamp);
    say('setup', `rustc ${fact('release')} builds for ${TARGET}`);
  }
  return { env: toolchainEnvironment(), llvm };
}

/** How to make cargo use Debian's toolchain. */
function toolchainEnvironment() {
  if (!onPath('rustup'))
    return { RUSTC, CARGO: '/usr/bin/cargo', PATH: `/usr/bin:${process.env.PATH}` };
  const home = process.env.RUSTUP_HOME || join(process.env.HOME ?? '', '.rustup');
  const toolchain = join(home, 'toolchains', LINKED);
  if (!existsSync(toolchain) || realpathSync(toolchain) !== '/usr') {
    if (ask('rustup', ['toolchain', 'link', LINKED, '/usr']) === undefined) {
      throw new Stop(`rustup toolchain link ${LINKED} /usr failed`);
    }
  }
  return { RUSTUP_TOOLCHAIN: LINKED };
}

/**
 * Debian's own tools alone, without anything that the caller set for cargo.
 * @returns {Environment}
 */
function systemEnvironment() {
  const { HOME } = process.env;
  return { HOME, PATH: '/usr/bin:/bin' };
}

/**
 * As Rust's own build does it: package `sysroot`, profile `dist`, vendored crates, no network.
 * @param {string} commit
 */
async function buildStd(commit) {
  const source = realpathSync(SOURCES);
  mkdirSync(cacheDirectory, { recursive: true });
  const target = mkdtempSync(join(cacheDirectory, 'std-'));
  const library = join(source, 'library');
  try {
    await runLogged(
      `building the standard library for ${TARGET} (once; a minute)`,
      '/usr/bin/cargo',
      [
        ...['-Zavoid-dev-deps', 'build', '--offline', '--locked', '--profile', 'dist'],
        ...['--target', TARGET, '--features', 'backtrace'],
        ...['--manifest-path', join(library, 'sysroot', 'Cargo.toml')],
        ...['--config', 'source.crates-io.replace-with="vendored-sources"'],
        ...['--config', `source.vendored-sources.directory="${join(library, 'vendor')}"`],
      ],
      {
        cwd: target,
        env: {
          ...systemEnvironment(),
          RUSTC,
          RUSTC_BOOTSTRAP: '1',
          __CARGO_DEFAULT_LIB_METADATA: 'stablestd',
          CARGO_TARGET_DIR: target,
          CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS: `-Zforce-unstable-if-unmarked --remap-path-prefix=${source}=/rustc/${commit}`,
        },
      },
    );
    const built = join(target, TARGET, 'dist', 'deps');
    rmSync(STD, { recursive: true, force: true });
    mkdirSync(join(STD, 'lib'), { recursive: true });
    for (const name of readdirSync(built).filter((name) => name.endsWith('.rlib'))) {
      cpSync(join(built, name), join(STD, 'lib', name));
    }
  } finally {
    rmSync(target, { recursive: true, force: true });
  }
}

/**
 * @param {string} target
 * @param {string} path
 */
function link(target, path) {
  if (existsSync(path) && realpathSync(path) === realpathSync(target)) return;
  if (!isRoot) throw new Stop(`${path} is missing: run this script once as root.`);
  mkdirSync(dirname(path), { recursive: true });
  rmSync(path, { force: true });
  symlinkSync(target, path);
}
