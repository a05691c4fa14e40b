// Projects as users have them: a folder of their own with the tarball installed by npm. The bundlers
// are the repository's, which lies above.
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { tarball } from '../../scripts/pack.mjs';
import { root } from '../../scripts/setup/paths.mjs';
import { npm } from '../../scripts/setup/run.mjs';

const app = join(root, 'tests', 'packaging', 'app');

/** The files of the README's quickstart, by the names that their first lines give. */
function quickstart() {
  const readme = readFileSync(join(root, 'README.md'), 'utf8');
  const blocks = [...readme.matchAll(/```js\n\/\/ (main\.js|worker\.js)\n(.*?)```/gs)];
  const files = Object.fromEntries(blocks.map(([, name, code]) => [name, code]));
  if (!files['main.js'] || !files['worker.js']) throw new Error('README.md has no quickstart');
  return files;
}

/**
 * @param {string} name
 * @param {string} [example] a folder to copy; else a project with the README's quickstart and `app/`
 * @returns {string} its folder
 */
export function project(name, example) {
  const folder = join(root, 'target', 'packaging', name);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  if (example) {
    const skipped = ['node_modules', 'dist'].map((part) => join(example, part));
    cpSync(example, folder, { recursive: true, filter: (from) => !skipped.includes(from) });
    leaveToRepository(join(folder, 'package.json'));
  } else {
    cpSync(app, folder, { recursive: true });
    for (const [file, code] of Object.entries(quickstart())) {
      writeFileSync(join(folder, file), code);
    }
    const manifest = { name: `packaging-${name}`, private: true, type: 'module' };
    writeFileSync(join(folder, 'package.json'), JSON.stringify(manifest));
  }
  const { command, args } = npm();
  const install = ['install', '--offline', '--no-audit', '--no-fund', tarball];
  execFileSync(command, [...args, ...install], { cwd: folder, stdio: 'pipe' });
  if (!example) copyDrizzle(folder);
  return folder;
}

/**
 * Drizzle beside the package: what it imports is looked for from where it is.
 * @param {string} folder of a project
 */
function copyDrizzle(folder) {
  const drizzle = join('node_modules', 'drizzle-orm');
  const filter = (/** @type {string} */ from) => !/\.(cjs|[cm]?ts|map)$/.test(from);
  cpSync(join(root, drizzle), join(folder, drizzle), { recursive: true, filter });
}

/**
 * Takes out of a project what the repository has: npm would ask the network for it.
 * @param {string} file its package.json
 */
function leaveToRepository(file) {
  const { devDependencies: wanted, ...manifest } = JSON.parse(readFileSync(file, 'utf8'));
  const { devDependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  for (const [name, version] of Object.entries(wanted)) {
    const tested = devDependencies[name];
    if (![tested, `^${tested}`].includes(version)) {
      throw new Error(`${file} wants ${name} ${version}, but ${tested} is what is tested`);
    }
  }
  writeFileSync(file, JSON.stringify(manifest));
}

/**
 * Replaces something in a file of a project.
 * @param {string} file
 * @param {string | RegExp} what
 * @param {string} by
 */
export function edit(file, what, by) {
  const text = readFileSync(file, 'utf8');
  const edited = text.replace(what, by);
  if (edited === text) throw new Error(`${file} has no ${what}`);
  writeFileSync(file, edited);
}
