// One SQLite for both builds: the wasm build compiles the amalgamation that the native build's
// crate carries, from a copy at the place that .cargo/config.toml names. And SQLite's command line,
// whose files the tests exchange with ours.
import { existsSync, mkdirSync, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { forSize } from './amalgamation.mjs';
import { debianPackages, isDebian } from './debian.mjs';
import { root } from './paths.mjs';
import { Stop, say } from './report.mjs';
import { ask, onPath } from './run.mjs';
import { hostEnvironment } from './rust.mjs';
import { lockedVersion } from './tools.mjs';

/** The first with everything that the tests ask of it (`.filectrl`, `.sha3sum`). */
const OLDEST_SHELL = [3, 27];

/**
 * @returns {Promise<string>} the command line `sqlite3`, for the tests
 */
export async function sqliteShell() {
  const find = () => {
    const file = process.env.SQLITE3 || onPath('sqlite3');
    const version = file && /^(\d+)\.(\d+)/.exec(ask(file, ['--version']) ?? '');
    if (!version) return undefined;
    const [major = 0, minor = 0] = version.slice(1).map(Number);
    const [oldestMajor = 0, oldestMinor = 0] = OLDEST_SHELL;
    return major > oldestMajor || (major === oldestMajor && minor >= oldestMinor)
      ? file
      : undefined;
  };
  const found = find();
  if (found) return found;
  if (isDebian()) {
    await debianPackages(['sqlite3'], "SQLite's command line is needed by the tests");
    const installed = find();
    if (installed) return installed;
  }
  throw new Stop(
    `SQLite's command line sqlite3 (${OLDEST_SHELL.join('.')} or newer) is needed by the tests. Install it with your system's packages so that it is on PATH, or name one: SQLITE3=/path/to/sqlite3`,
  );
}

const FILES = ['sqlite3.c', 'sqlite3.h', 'sqlite3ext.h'];

/** Copies it, made ready for size, when it changed; times are kept, so that cargo sees no change where there is none. */
export function sharedAmalgamation() {
  const origin = join(dirname(manifest('libsqlite3-sys')), 'sqlite3');
  const copy = join(root, 'target', 'sqlite');
  mkdirSync(copy, { recursive: true });
  for (const name of FILES) {
    const from = join(origin, name);
    const to = join(copy, name);
    const source = readFileSync(from, 'utf8');
    const content = name.endsWith('.c') ? forSize(source) : source;
    if (existsSync(to) && readFileSync(to, 'utf8') === content) continue;
    writeFileSync(to, content);
    const { atime, mtime } = statSync(from);
    utimesSync(to, atime, mtime);
    say('setup', `SQLite of libsqlite3-sys ${lockedVersion('libsqlite3-sys')}: ${name}`);
  }
}

/**
 * Where cargo keeps a crate; fetches it when this is the first build.
 * @param {string} crate
 */
function manifest(crate) {
  const args = ['metadata', '--format-version', '1', '--locked'];
  const answer = ask('cargo', args, { env: hostEnvironment(), timeout: 600_000 });
  if (!answer) throw new Stop(`cargo ${args.join(' ')} failed: run it to see why.`);
  /** @type {{ packages: { name: string, manifest_path: string }[] }} */
  const metadata = JSON.parse(answer);
  const found = metadata.packages.find((entry) => entry.name === crate);
  if (!found) throw new Stop(`the workspace does not depend on ${crate}`);
  return found.manifest_path;
}
