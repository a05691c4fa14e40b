// Where things are: the repository, what is built in it, and what is kept between clones.
import { mkdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../../', import.meta.url)).replace(/[\\/]$/, '');
export const targetDirectory = process.env.CARGO_TARGET_DIR || join(root, 'target');

/** Tools are built once per version and serve every clone of this repository. */
export const cacheDirectory = process.env.SHAREDWAL_CACHE || join(userCache(), 'sharedwal');

function userCache() {
  if (process.env.XDG_CACHE_HOME) return process.env.XDG_CACHE_HOME;
  if (process.platform === 'darwin') return join(homedir(), 'Library', 'Caches');
  if (process.platform === 'win32' && process.env.LOCALAPPDATA) return process.env.LOCALAPPDATA;
  return join(homedir(), '.cache');
}

/**
 * The file that takes the output of a long command, so that a failure can be read afterwards.
 * @param {string} name
 */
export function logFile(name) {
  const directory = join(root, 'target', 'logs');
  mkdirSync(directory, { recursive: true });
  return join(directory, `${name.replace(/[^\w.-]+/g, '-')}.log`);
}
