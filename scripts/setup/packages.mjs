// The npm packages of package-lock.json.
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './paths.mjs';
import { npm, runLogged } from './run.mjs';

/** Runs `npm ci` when node_modules is missing or was made from another lock file. */
export async function npmPackages() {
  const stamp = join(root, 'node_modules', '.sharedwal-lock');
  const lock = createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === lock) return;
  const { command, args } = npm();
  // A browser, where one is missing, is chosen by chromium.mjs alone.
  const env = { ...process.env, PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD: '1' };
  await runLogged('npm ci', command, [...args, 'ci', '--no-audit', '--no-fund'], { env });
  writeFileSync(stamp, lock);
}
