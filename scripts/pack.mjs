// Packs the npm package as `npm publish` would send it, from the dist/ that is there.
//
//   node scripts/pack.mjs        says where the tarball is
import { mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './setup/paths.mjs';
import { main, Stop } from './setup/report.mjs';
import { ask, npm } from './setup/run.mjs';

/** What the tests unpack and install. */
export const packedDirectory = join(root, 'target', 'packed');
export const tarball = join(packedDirectory, 'sharedwal.tgz');

/** @typedef {{ path: string, size: number }} PackedFile */

/**
 * @returns {Promise<PackedFile[]>} what is in it
 */
export async function pack() {
  rmSync(packedDirectory, { recursive: true, force: true });
  mkdirSync(packedDirectory, { recursive: true });
  const { command, args } = npm();
  const said = ask(command, [
    ...[...args, 'pack', '--json', '--ignore-scripts', '--pack-destination', packedDirectory],
  ]);
  if (said === undefined) throw new Stop('npm pack failed');
  const [{ filename, files }] = JSON.parse(said);
  renameSync(join(packedDirectory, filename), tarball);
  return files;
}

await main(import.meta.url, async () => {
  const files = await pack();
  console.log(`${tarball}: ${files.length} files`);
});
