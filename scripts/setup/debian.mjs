// Debian packages: installed as root only, otherwise the commands are shown.
import { readFileSync } from 'node:fs';
import { Stop } from './report.mjs';
import { ask, onPath, runLogged } from './run.mjs';

export const isRoot = process.getuid?.() === 0;

/** Debian and what derives from it: told by apt-get and os-release. */
export function isDebian() {
  if (process.platform !== 'linux' || !onPath('apt-get')) return false;
  try {
    return /^ID(_LIKE)?=.*(debian|ubuntu)/m.test(readFileSync('/etc/os-release', 'utf8'));
  } catch {
    return false;
  }
}

/**
 * What dpkg knows of a package: its Status, its Version.
 * @param {string} name
 * @param {string} field
 */
export function packageField(name, field) {
  return ask('dpkg-query', ['-W', `-f=\${${field}}`, name]);
}

/** @param {string} name */
function isInstalled(name) {
  return packageField(name, 'Status')?.includes('ok installed') ?? false;
}

let listsAreFresh = false;

async function refreshLists() {
  if (listsAreFresh) return;
  await runLogged('apt-get update', 'apt-get', ['update', '-q']);
  listsAreFresh = true;
}

/**
 * Installs the packages that are missing. Not root: stops with the command to run.
 * @param {string[]} names
 * @param {string} purpose what they are for, in the sentence "x is needed: ..."
 */
export async function debianPackages(names, purpose) {
  const missing = names.filter((name) => !isInstalled(name));
  if (missing.length === 0) return;
  if (!isRoot) {
    throw new Stop(
      `${purpose}. Run this as root, then start again:\n\n    apt-get update && apt-get install --no-install-recommends ${missing.join(' ')}`,
    );
  }
  await refreshLists();
  await runLogged(
    `installing Debian packages: ${missing.join(' ')}`,
    'apt-get',
    // Another installation may be under way, on a new machine its own updates.
    [
      ...['-o', 'DPkg::Lock::Timeout=300'],
      ...['install', '-y', '-q', '--no-install-recommends', ...missing],
    ],
    { env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } },
  );
}

/**
 * The newest `prefix-N` that the package lists have.
 * @param {string} prefix
 * @returns {Promise<number | undefined>}
 */
export async function newestNumbered(prefix) {
  const search = () =>
    (ask('apt-cache', ['search', '--names-only', `^${prefix}-[0-9]+$`]) ?? '')
      .split('\n')
      .map((line) => Number(/-(\d+) /.exec(line)?.[1]))
      .filter((number) => number > 0);
  let numbers = search();
  if (numbers.length === 0 && isRoot) {
    await refreshLists();
    numbers = search();
  }
  return numbers.length > 0 ? Math.max(...numbers) : undefined;
}

/**
 * Whether the package lists have it, refreshing them once as root.
 * @param {string} name
 */
export async function isAvailable(name) {
  const has = () => /Candidate: \d/.test(ask('apt-cache', ['policy', name]) ?? '');
  if (has()) return true;
  if (!isRoot) return false;
  await refreshLists();
  return has();
}
