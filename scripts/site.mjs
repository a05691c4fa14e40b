// `npm run site`: the page as a folder for any static host. Nothing of it is absolute, and no header is
// asked of the host: the package's service worker isolates the page.
//
//   npm run site                 into site/
//   npm run site -- some/folder
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, extname, join, resolve } from 'node:path';
import { build } from './build.mjs';
import { root } from './setup/paths.mjs';
import { main, say } from './setup/report.mjs';
import { setup } from './setup.mjs';

/** The package's entries that page and workers import; each becomes one file, with what they share beside it. */
const ENTRIES = ['index', 'pool', 'pool_worker', 'doctor/index'];
const SERVICE_WORKER = 'isolation-service-worker.js';

/** Folders of modules that are served as they are. */
const MODULES = ['www', 'bench'];
const SERVED = ['.js', '.css'];

/** What of other packages is served, besides package.json and a licence. */
/** @type {Record<string, string[]>} */
const PACKAGES = {
  hyparquet: ['src'],
  'hyparquet-compressors': ['src'],
  fzstd: ['esm'],
  hysnappy: ['js'],
  '@sqlite.org/sqlite-wasm': ['dist'],
  '@journeyapps/wa-sqlite': ['src', 'dist/wa-sqlite.mjs', 'dist/wa-sqlite.wasm'],
  'vega-datasets': [
    'datapackage.json',
    ...['flights-3m.parquet', 'flights-2k.json', 'airports.csv', 'seattle-weather.csv'].map(
      (file) => `data/${file}`,
    ),
  ],
};

/** Hosts leave out what is called node_modules. */
const PACKAGES_FOLDER = 'packages';

/** @param {string} folder is emptied */
export async function buildSite(folder) {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  await bundlePackage(folder);
  for (const modules of MODULES) copyModules(folder, modules);
  for (const [name, paths] of Object.entries(PACKAGES)) copyPackage(folder, name, paths);
  cpSync(join(root, 'dist', SERVICE_WORKER), join(folder, SERVICE_WORKER));
  for (const file of ['package.json', 'LICENSE-APACHE', 'LICENSE-MIT']) {
    cpSync(join(root, file), join(folder, file));
  }
  writeFileSync(join(folder, 'index.html'), page());
  writeFileSync(join(folder, 'LICENSES.md'), licences());
  // GitHub Pages would leave out files for Jekyll's sake.
  writeFileSync(join(folder, '.nojekyll'), '');
}

/** @param {string} folder */
async function bundlePackage(folder) {
  const { build: bundle } = await import('esbuild');
  await bundle({
    entryPoints: ENTRIES.map((entry) => join(root, 'dist', `${entry}.js`)),
    ...{ outdir: join(folder, 'dist'), outbase: join(root, 'dist'), chunkNames: '[name]-[hash]' },
    ...{ bundle: true, splitting: true, minify: true, format: 'esm', target: 'es2022' },
    logLevel: 'error',
  });
  cpSync(join(root, 'dist', 'sharedwal.wasm'), join(folder, 'dist', 'sharedwal.wasm'));
}

/**
 * @param {string} folder
 * @param {string} modules
 */
function copyModules(folder, modules) {
  for (const path of readdirSync(join(root, modules), { recursive: true, encoding: 'utf8' })) {
    if (!SERVED.includes(extname(path))) continue;
    const text = readFileSync(join(root, modules, path), 'utf8');
    const to = join(folder, modules, path);
    mkdirSync(dirname(to), { recursive: true });
    writeFileSync(to, text.replaceAll('node_modules/', `${PACKAGES_FOLDER}/`));
  }
}

/**
 * @param {string} folder
 * @param {string} name
 * @param {string[]} paths
 */
function copyPackage(folder, name, paths) {
  const from = join(root, 'node_modules', name);
  const kept = readdirSync(from).filter((file) => /^(package\.json|licen[cs]e.*)$/i.test(file));
  for (const path of [...paths, ...kept]) {
    cpSync(join(from, path), join(folder, PACKAGES_FOLDER, name, path), { recursive: true });
  }
}

/** www/index.html, for the folder above www/: its URLs are all relative. */
function page() {
  return readFileSync(join(root, 'www', 'index.html'), 'utf8')
    .replaceAll('"./', '"./www/')
    .replaceAll('"../', '"./')
    .replaceAll('node_modules/', `${PACKAGES_FOLDER}/`)
    .replace('<head>', `<head>\n    <script src="./${SERVICE_WORKER}"></script>`)
    .replace(
      '</footer>',
      '  <p><a href="./LICENSES.md">Whose work all this is</a></p>\n    </footer>',
    );
}

/** Whose work is in the folder, and on which terms. */
function licences() {
  const packages = Object.keys(PACKAGES).map((name) => {
    const { version, license } = readJson(join(root, 'node_modules', name, 'package.json'));
    return `- ${name} ${version}: ${license ?? `[its licence](${PACKAGES_FOLDER}/${name}/LICENSE)`}`;
  });
  const files = PACKAGES['vega-datasets']?.map((path) => path.replace('data/', '')) ?? [];
  /** @type {{ path: string, description: string, licenses: Named[], sources: Named[] }[]} */
  const resources = readJson(
    join(root, 'node_modules', 'vega-datasets', 'datapackage.json'),
  ).resources;
  const data = resources
    .filter(({ path }) => files.includes(path))
    .map(({ path, description, licenses, sources }) =>
      [
        `- [${path}](${PACKAGES_FOLDER}/vega-datasets/data/${path}): ${description.replace(/\s+/g, ' ')}`,
        `  - source: ${sources.map(named).join(', ')}`,
        `  - licence: ${licenses.map(named).join(', ')}`,
      ].join('\n'),
    );
  return [
    '# Whose work this is',
    'sharedwal is [MIT](LICENSE-MIT) or [Apache-2.0](LICENSE-APACHE). SQLite is in the public domain.',
    'Packages:',
    packages.join('\n'),
    'Data, as vega-datasets carries and describes it:',
    `${data.join('\n')}\n`,
  ].join('\n\n');
}

/** @typedef {{ title?: string, path?: string, name?: string }} Named */

/** @param {Named} one */
function named({ title, path, name }) {
  const text = title ?? name ?? path ?? '';
  return path === undefined ? text : `[${text}](${path})`;
}

/** @param {string} path */
function readJson(path) {
  return JSON.parse(readFileSync(path, 'utf8'));
}

await main(import.meta.url, async () => {
  await build(await setup({ browser: false }));
  const folder = resolve(root, process.argv[2] ?? 'site');
  await buildSite(folder);
  say('site', folder);
});
