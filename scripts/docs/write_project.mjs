// Puts the files of a project of code blocks where the test server finds them.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import { root } from '../setup/paths.mjs';

/** Where the projects are: below the root, so that they find the package by its name. */
export const DIRECTORY = 'target/docs';

/** What a block is given that says `given …`. */
const GIVEN = {
  runtime: `import { createRuntime as makeRuntime } from 'sharedwal';
const runtime = makeRuntime({ name: 'given' });
`,
  db: `import { open as openGiven } from 'sharedwal';
const db = await openGiven(runtime);
`,
};

/**
 * @param {import('./blocks.mjs').Project} project
 * @param {string} name of its folder
 * @returns {Promise<{ folder: string, main: string, files: string[] }>} the folder from the root, the
 *   file in it that runs, and all files of the blocks
 */
export async function writeProject({ blocks, where, given }, name) {
  const folder = `${DIRECTORY}/${name}`;
  const directory = join(root, folder);
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory, { recursive: true });
  const files = blocks.map((block) => ({ ...block, name: block.name ?? `main.${block.language}` }));
  for (const { name, text, language } of files) {
    if (language === 'html') writeFileSync(join(directory, name), html(text));
    else await writeScript(directory, name, text, given, where === 'node');
  }
  const names = files.map((file) => scriptName(file.name));
  if (where === 'node') return { folder, main: names[0] ?? '', files: names };
  if (!names.includes('index.html'))
    writeFileSync(join(directory, 'index.html'), page(names[0] ?? '', where));
  return { folder, main: 'index.html', files: names };
}

/** @param {string} name */
const scriptName = (name) => name.replace(/\.ts$/, '.js');

/**
 * @param {string} directory
 * @param {string} name
 * @param {string} text
 * @param {string[]} given
 * @param {boolean} inNode
 */
async function writeScript(directory, name, text, given, inNode) {
  const parts = given.includes('db') ? ['runtime', 'db'] : given;
  const prelude = parts.map((part) => GIVEN[/** @type {'db'} */ (part)]).join('');
  // What is compiled, and what the types are checked of.
  const source = join(directory, name.replace(/\.(js|ts)$/, '.source.$1'));
  writeFileSync(source, prelude + text);
  await build({
    entryPoints: [source],
    outfile: join(directory, scriptName(name)),
    bundle: true,
    ...{ format: 'esm', target: 'es2022', logLevel: 'error' },
    platform: inNode ? 'node' : 'browser',
    plugins: [{ name: 'package', setup: inNode ? externals : addresses }],
  });
}

/** @type {{ exports: Record<string, string | { default: string }> }} */
const { exports: entries } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

/** In a page the package is where the server has it. @param {import('esbuild').PluginBuild} build */
function addresses(build) {
  build.onResolve({ filter: /^sharedwal(\/|$)/ }, ({ path }) => {
    const entry = entries[path.replace('sharedwal', '.')];
    if (entry === undefined) return { errors: [{ text: `the package has no ${path}` }] };
    const file = typeof entry === 'string' ? entry : entry.default;
    return { path: file.replace(/^\./, ''), external: true };
  });
  build.onResolve({ filter: /^\.{1,2}\// }, ({ path }) => ({
    path: scriptName(path),
    external: true,
  }));
}

/** @param {import('esbuild').PluginBuild} build */
function externals(build) {
  build.onResolve({ filter: /^[^.]/ }, ({ path, kind }) =>
    kind === 'entry-point' ? undefined : { path, external: true },
  );
}

/** Waits for the module, to tell when it has run. @param {string} main @param {string} where */
function page(main, where) {
  const run =
    where === 'worker'
      ? `new Worker(URL.createObjectURL(new Blob([\`
          import(\${JSON.stringify(new URL('./${main}', location.href))}).then(
            () => postMessage('done'), (error) => postMessage(String(error?.stack ?? error)));
        \`])));
        worker.onmessage = ({ data }) => { globalThis.finished = data; };`
      : `undefined;
        import('./${main}').then(
          () => { globalThis.finished = 'done'; },
          (error) => { globalThis.finished = String(error?.stack ?? error); });`;
  return html(`<body></body><script type="module">const worker = ${run}</script>\n`);
}

/** @param {string} text */
function html(text) {
  return `<!doctype html><link rel="icon" href="data:," />\n${text}`;
}
