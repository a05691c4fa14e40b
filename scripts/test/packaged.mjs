// The crate as others get it: packaged, and then used outside of the repository, where neither the
// workspace nor .cargo/config.toml holds. Its doctests and its example run natively, and the app of
// examples/rust-app is built with it for the browser, where tests/rust_app.spec.ts opens it.
import { cpSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { buildRustApp } from '../rust-app.mjs';
import { logFile, root, targetDirectory } from '../setup/paths.mjs';
import { Stop, say } from '../setup/report.mjs';
import { runLogged } from '../setup/run.mjs';

/** @typedef {import('../setup.mjs').Setup} Setup */

/** Doctests that the crate has natively without its features, at least. */
const MIN_DOCTESTS = 18;
/** KiB of the compressed package: what it has, and a half. */
const MAX_PACKAGE = 180;

const crate = join('crates', 'sharedwal');
const app = join('examples', 'rust-app');

/** @param {Setup} environment */
export async function testPackage(environment) {
  const target = join(targetDirectory, 'packaged');
  const env = { ...environment.env, CARGO_TARGET_DIR: target, FORCE_COLOR: '0' };
  await packageCrate(environment);

  const outside = mkdtempSync(join(realpathSync(tmpdir()), 'sharedwal-'));
  try {
    const unpacked = join(targetDirectory, 'package', 'sharedwal-0.1.0');
    copy(unpacked, join(outside, crate));
    copy(join(root, app), join(outside, app));
    const inCrate = { env, cwd: join(outside, crate), topic: 'package' };
    const doctests = 'the doctests of the packaged crate';
    await runLogged(doctests, 'cargo', ['test', '--locked', '--doc'], inCrate);
    const passed = /test result: ok\. (\d+) passed/.exec(readFileSync(logFile(doctests), 'utf8'));
    if (Number(passed?.[1] ?? 0) < MIN_DOCTESTS)
      throw new Stop(`Only ${passed?.[1]} doctests ran.`);
    say('package', `${passed?.[1]} doctests passed`);
    const example = ['run', '--locked', '--example', 'threads'];
    await runLogged('the example of the packaged crate', 'cargo', example, inCrate);

    const site = join(root, 'target', 'packaged-app');
    rmSync(site, { recursive: true, force: true });
    copy(join(outside, app), site);
    await buildRustApp(environment, {
      project: join(outside, app),
      target,
      output: join(site, 'pkg'),
    });
  } finally {
    rmSync(outside, { recursive: true, force: true });
  }
}

/** @param {Setup} environment */
async function packageCrate({ env }) {
  const what = 'cargo publish --dry-run';
  const args = ['publish', '--dry-run', '--locked', '--allow-dirty', '-p', 'sharedwal'];
  await runLogged(what, 'cargo', args, { env: { ...env, FORCE_COLOR: '0' }, topic: 'package' });
  const log = readFileSync(logFile(what), 'utf8');
  const [packaged, size] = /Packaged .* \(([\d.]+)KiB compressed\)/.exec(log) ?? [];
  if (!packaged) throw new Stop(`cargo packaged nothing:\n\n${log}`);
  if (Number(size) > MAX_PACKAGE) {
    throw new Stop(`The package has ${size} KiB, and is to have ${MAX_PACKAGE} at the most.`);
  }
  say('package', packaged);
}

/**
 * Without what was built in it.
 * @param {string} from
 * @param {string} to
 */
function copy(from, to) {
  mkdirSync(to, { recursive: true });
  const filter = (/** @type {string} */ path) => !['target', 'pkg'].includes(basename(path));
  cpSync(from, to, { recursive: true, filter, dereference: true });
}
