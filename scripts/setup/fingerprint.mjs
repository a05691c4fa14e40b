// Whether sources changed since a build step last succeeded: by content, which costs little here
// and holds after a fresh checkout too.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './paths.mjs';

/** @param {string} step */
function record(step) {
  return join(root, 'target', 'built-from', step);
}

/**
 * The new fingerprint, or undefined when it is the remembered one.
 * @param {string} step
 * @param {string[]} paths relative to the repository
 * @param {string} [flavour] whatever else decides the result
 */
export function changed(step, paths, flavour = '') {
  const hash = createHash('sha256').update(flavour);
  for (const path of paths) add(hash, path);
  const fingerprint = hash.digest('hex');
  const file = record(step);
  const known = existsSync(file) ? readFileSync(file, 'utf8') : undefined;
  return known === fingerprint ? undefined : fingerprint;
}

/**
 * @param {string} step
 * @param {string} fingerprint
 */
export function remember(step, fingerprint) {
  mkdirSync(join(root, 'target', 'built-from'), { recursive: true });
  writeFileSync(record(step), fingerprint);
}

/**
 * @param {import('node:crypto').Hash} hash
 * @param {string} path
 */
function add(hash, path) {
  const full = join(root, path);
  if (!existsSync(full)) return;
  if (statSync(full).isDirectory()) {
    for (const name of readdirSync(full).sort()) add(hash, `${path}/${name}`);
  } else {
    hash.update(`\0${path}\0`).update(readFileSync(full));
  }
}
