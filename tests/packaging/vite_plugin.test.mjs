// What the plugin for Vite sets, and what it leaves alone.
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { createServer, preview, resolveConfig } from 'vite';
import { sharedwal } from '../../dist/vite.js';
import { root } from '../../scripts/setup/paths.mjs';

const folder = join(root, 'target', 'packaging', 'vite-plugin');
mkdirSync(join(folder, 'dist'), { recursive: true });
for (const page of ['index.html', 'dist/index.html']) writeFileSync(join(folder, page), '<p></p>');

/**
 * The plugin is one by Vite's own types.
 * @param {import('../../dist/vite.js').SharedwalPluginOptions} [options]
 * @returns {import('vite').InlineConfig}
 */
function config(options) {
  return { root: folder, configFile: false, logLevel: 'error', plugins: [sharedwal(options)] };
}

/** @param {string | undefined} url */
async function headersOf(url) {
  const { headers } = await fetch(url ?? '', { headers: { Accept: 'text/html' } });
  const [opener, embedder] = ['opener', 'embedder'];
  return [opener, embedder].map((what) => headers.get(`cross-origin-${what}-policy`));
}

test('pages are isolated in development', async () => {
  const server = await createServer(config());
  await server.listen();
  assert.deepEqual(await headersOf(server.resolvedUrls?.local[0]), ['same-origin', 'require-corp']);
  await server.close();
});

test('and in preview, with the policy that was asked for', async () => {
  const server = await preview(config({ embedderPolicy: 'credentialless' }));
  assert.deepEqual(await headersOf(server.resolvedUrls?.local[0]), [
    'same-origin',
    'credentialless',
  ]);
  await server.close();
});

test('what the user has set stays', async () => {
  const own = { headers: { 'X-Own': 'yes' }, port: 4711 };
  const resolved = await resolveConfig(
    { ...config(), server: own, optimizeDeps: { exclude: ['another'] } },
    'serve',
  );
  assert.deepEqual(resolved.server.headers, own.headers);
  assert.equal(resolved.server.port, 4711);
  assert.deepEqual(resolved.optimizeDeps.exclude?.toSorted(), [
    'another',
    'better-sqlite3',
    'sharedwal',
  ]);
  assert.equal(resolved.worker.format, 'es');
});

test('an unknown policy is refused', () => {
  assert.throws(() => sharedwal(/** @type {any} */ ({ embedderPolicy: 'none' })), TypeError);
});
