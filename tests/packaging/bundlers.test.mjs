// The packed package in projects with each bundler, and in a page without one.
import assert from 'node:assert/strict';
import { copyFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { serve } from '../../scripts/serve.mjs';
import { check } from './page.mjs';
import { edit, project } from './project.mjs';

const ALIAS = { 'better-sqlite3': 'sharedwal/better-sqlite3' };

/**
 * @param {string} folder
 * @returns {string[]} the WebAssembly files in it
 */
function wasmFiles(folder) {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  return names.filter((name) => name.endsWith('.wasm'));
}

/** @param {string} folder */
async function checkServed(folder) {
  const server = await serve({ root: folder });
  try {
    return await check(`${server.url}/index.html`);
  } finally {
    await server.close();
  }
}

/** @param {string} name */
function viteProject(name) {
  const folder = project(name);
  writeFileSync(
    join(folder, 'vite.config.js'),
    `import { sharedwal } from 'sharedwal/vite';

export default { plugins: [sharedwal()], resolve: { alias: ${JSON.stringify(ALIAS)} } };
`,
  );
  writeFileSync(
    join(folder, 'wasm_url.js'),
    "import wasmUrl from 'sharedwal/sharedwal.wasm?url';\n\nexport default wasmUrl;\n",
  );
  const options = { root: folder, configFile: join(folder, 'vite.config.js') };
  return { folder, options: { ...options, logLevel: /** @type {const} */ ('error') } };
}

test('Vite, in development', async () => {
  const { createServer } = await import('vite');
  const server = await createServer(viteProject('vite-dev').options);
  try {
    await server.listen();
    await check(server.resolvedUrls?.local[0] ?? '');
  } finally {
    await server.close();
  }
});

test('Vite, built', async () => {
  const { build, preview } = await import('vite');
  const { folder, options } = viteProject('vite-build');
  await build(options);
  assert.equal(wasmFiles(join(folder, 'dist')).length, 1);
  const server = await preview(options);
  try {
    await check(server.resolvedUrls?.local[0] ?? '');
  } finally {
    await server.close();
  }
});

test('webpack', async () => {
  const { default: webpack } = await import('webpack');
  const folder = project('webpack');
  edit(join(folder, 'index.html'), /<script.*<\/script>/s, '<script src="./all.js"></script>');
  const output = join(folder, 'dist');
  const stats = await new Promise((resolve, reject) => {
    webpack(
      {
        context: folder,
        mode: 'production',
        entry: { all: ['./main.js', './stand_in.js', './pool.js', './modules.js'] },
        resolve: { alias: { 'better-sqlite3$': ALIAS['better-sqlite3'] } },
        output: { path: output },
        performance: { hints: false },
      },
      (error, result) => (error ? reject(error) : resolve(result)),
    );
  });
  assert.deepEqual(stats.toJson({ all: false, errors: true, warnings: true }), {
    errors: [],
    warnings: [],
  });
  assert.equal(wasmFiles(output).length, 1);
  copyFileSync(join(folder, 'index.html'), join(output, 'index.html'));
  await checkServed(output);
});

test('esbuild', async () => {
  const { build } = await import('esbuild');
  const folder = project('esbuild');
  writeFileSync(
    join(folder, 'wasm_url.js'),
    "import file from 'sharedwal/sharedwal.wasm';\n\nexport default new URL(file, import.meta.url);\n",
  );
  const output = join(folder, 'dist');
  const { warnings } = await build({
    absWorkingDir: folder,
    // esbuild does not follow `new URL`: workers are entries, and the module is copied beside them.
    entryPoints: [
      ...['main.js', 'worker.js', 'stand_in.js', 'pool.js', 'sharedwal/pool_worker.js'],
      ...['modules.js', 'standard_worker.js', 'slim_worker.js'],
    ],
    entryNames: '[name]',
    alias: ALIAS,
    loader: { '.wasm': 'file' },
    outdir: join(output, 'scripts'),
    bundle: true,
    minify: true,
    splitting: true,
    format: 'esm',
    logLevel: 'silent',
  });
  assert.deepEqual(warnings, []);
  copyFileSync(
    join(folder, 'node_modules', 'sharedwal', 'dist', 'sharedwal.wasm'),
    join(output, 'scripts', 'sharedwal.wasm'),
  );
  // Not where the page is: addresses are to be relative to the scripts.
  edit(join(folder, 'index.html'), /src="\./g, 'src="./scripts');
  copyFileSync(join(folder, 'index.html'), join(output, 'index.html'));
  await checkServed(output);
});

test('a page with an import map', async () => {
  const folder = project('import-map');
  const there = '/node_modules/sharedwal/dist/';
  const imports = {
    sharedwal: `${there}index.js`,
    'sharedwal/pool': `${there}pool.js`,
    'sharedwal/slim': `${there}slim.js`,
    'sharedwal/doctor': `${there}doctor/index.js`,
    'sharedwal/better-sqlite3': `${there}better_sqlite3.js`,
    'better-sqlite3': `${there}better_sqlite3.js`,
    'drizzle-orm/better-sqlite3': '/node_modules/drizzle-orm/better-sqlite3/index.js',
  };
  const map = `<script type="importmap">${JSON.stringify({ imports })}</script>`;
  // The page is isolated: it has nothing to do, and nothing to say.
  const isolation = `<script src="${there}isolation-service-worker.js"></script>`;
  edit(join(folder, 'index.html'), '</head>', `${isolation}${map}</head>`);
  // Workers have no import map: they import by address.
  edit(join(folder, 'worker.js'), "'sharedwal'", `'${there}index.js'`);
  edit(join(folder, 'standard_worker.js'), "'sharedwal'", `'${there}index.js'`);
  edit(join(folder, 'slim_worker.js'), "'sharedwal/slim'", `'${there}slim.js'`);
  writeFileSync(join(folder, 'wasm_url.js'), `export default '${there}sharedwal.wasm';\n`);
  await checkServed(folder);
});

test('the slim entry brings no module along', async () => {
  const { build } = await import('vite');
  const { folder, options } = viteProject('slim');
  writeFileSync(
    join(folder, 'modules.js'),
    "import { createRuntime, open } from 'sharedwal/slim';\n\nopen(createRuntime()).catch((error) => console.log(error.message));\n",
  );
  edit(join(folder, 'index.html'), /<script.*main\.js.*pool\.js"><\/script>/s, '');
  await build(options);
  assert.deepEqual(wasmFiles(join(folder, 'dist')), []);
});
