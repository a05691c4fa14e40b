// Firefox for the tests in a second engine: one that is there, else Debian's package.
import { existsSync } from 'node:fs';
import { isAbsolute } from 'node:path';
import { debianPackages, isDebian } from './debian.mjs';
import { Stop } from './report.mjs';
import { ask, onPath } from './run.mjs';

/** Growable SharedArrayBuffer and Atomics.waitAsync are there in 145. */
const OLDEST = 145;

const NAMES = ['firefox-esr', 'firefox', '/Applications/Firefox.app/Contents/MacOS/firefox'];

/**
 * @returns {Promise<string>} the browser's executable
 */
export async function firefox() {
  const named = process.env.FIREFOX;
  if (named) {
    if (isUsable(named)) return named;
    throw new Stop(`FIREFOX=${named} does not answer --version with ${OLDEST} or newer.`);
  }
  const found = find();
  if (found) return found;
  if (isDebian()) {
    await debianPackages(['firefox-esr'], 'A Firefox is needed and none was found');
    const installed = find();
    if (installed) return installed;
  }
  throw new Stop(
    `A Firefox (${OLDEST} or newer) is needed and none was found. Install one, or name one: FIREFOX=/path/to/firefox`,
  );
}

function find() {
  return NAMES.map((name) => (isAbsolute(name) ? name : onPath(name))).find(
    (file) => file !== undefined && existsSync(file) && isUsable(file),
  );
}

/** @param {string} file */
function isUsable(file) {
  return Number(/(\d+)\.\d+/.exec(ask(file, ['--version']) ?? '')?.[1] ?? 0) >= OLDEST;
}
