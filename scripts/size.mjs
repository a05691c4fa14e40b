// How large the package is for who loads a page: the WebAssembly module and the JavaScript, as a
// bundler makes it of the default entry, compressed as servers do it best (brotli, quality 11).
//
//   npm run size                 measures, beside the official SQLite wasm
//   npm run size -- --update     also makes the limit in .size-limit.json what is measured, and 3 %
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync, constants } from 'node:zlib';
import { root } from './setup/paths.mjs';
import { main } from './setup/report.mjs';

const ROOM = 1.03;

/** @typedef {{ wasm: number, javascript: number, total: number }} Size in bytes, compressed */

/** @param {Uint8Array} bytes */
function compressed(bytes) {
  const params = {
    [constants.BROTLI_PARAM_QUALITY]: 11,
    [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length,
  };
  return brotliCompressSync(bytes, { params }).length;
}

/**
 * An entry as a user gets it: with all that it imports, minified.
 * @param {string} entry
 */
async function bundled(entry) {
  const { build } = await import('esbuild');
  const contents = `import * as all from '${entry}'; globalThis.all = all;`;
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: root },
    ...{ bundle: true, minify: true, format: 'esm', target: 'es2022', write: false },
    logLevel: 'error',
  });
  const [file] = outputFiles;
  if (!file) throw new Error(`esbuild made nothing of ${entry}`);
  return file.contents;
}

/**
 * @param {string} wasm
 * @param {Uint8Array} javascript
 * @returns {Size}
 */
function size(wasm, javascript) {
  const sizes = { wasm: compressed(readFileSync(wasm)), javascript: compressed(javascript) };
  return { ...sizes, total: sizes.wasm + sizes.javascript };
}

/**
 * Measures dist/, and leaves what it bundled where .size-limit.json looks for it.
 *
 * @returns {Promise<{ sharedwal: Size, official: Size, officialMinified: Size }>} the official
 *   package as it is published, and minified in the same way
 */
export async function measure() {
  const javascript = await bundled('./dist/index.js');
  mkdirSync(join(root, 'target', 'size'), { recursive: true });
  writeFileSync(join(root, 'target', 'size', 'index.js'), javascript);
  const official = join(root, 'node_modules', '@sqlite.org', 'sqlite-wasm', 'dist');
  const theirs = join(official, 'sqlite3.wasm');
  return {
    sharedwal: size(join(root, 'dist', 'sharedwal.wasm'), javascript),
    official: size(theirs, readFileSync(join(official, 'index.mjs'))),
    officialMinified: size(theirs, await bundled('@sqlite.org/sqlite-wasm')),
  };
}

/** @param {number} total bytes */
function setLimit(total) {
  const file = join(root, '.size-limit.json');
  const limit = `"limit": "${((total * ROOM) / 1000).toFixed(1)} kB"`;
  writeFileSync(file, readFileSync(file, 'utf8').replace(/"limit": "[^"]*"/, limit));
}

await main(import.meta.url, async () => {
  const sizes = await measure();
  console.table(sizes);
  if (process.argv.includes('--update')) setLimit(sizes.sharedwal.total);
});
