// One SQLite for both builds: the wasm build compiles the amalgamation that the native build's
// crate carries, from a copy at the place that .cargo/config.toml names.
import { copyFileSync, existsSync, mkdirSync, readFileSync, statSync, utimesSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { root } from './paths.mjs';
import { Stop, say } from './report.mjs';
import { ask } from './run.mjs';
import { hostEnvironment } from './rust.mjs';
import { lockedVersion } from './tools.mjs';

const FILES = ['sqlite3.c', 'sqlite3.h', 'sqlite3ext.h'];

/** Copies it when it changed; times are kept, so that cargo sees no change where there is none. */
export function sharedAmalgamation() {
  const source = join(dirname(manifest('libsqlite3-sys')), 'sqlite3');
  const copy = join(root, 'target', 'sqlite');
  mkdirSync(copy, { recursive: true });
  for (const name of FILES) {
    const from = join(source, name);
    const to = join(copy, name);
    if (existsSync(to) && readFileSync(from).equals(readFileSync(to))) continue;
    copyFileSync(from, to);
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
