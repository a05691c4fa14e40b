// A static server for the pages, the package and its tests: everything that a page with shared
// memory needs, and nothing else.
//
//   node scripts/serve.mjs [port]     port 0 takes a free one
import { createReadStream } from 'node:fs';
import { realpath, stat } from 'node:fs/promises';
import { createServer } from 'node:http';
import { extname, join, sep } from 'node:path';
import { root as repository } from './setup/paths.mjs';
import { main } from './setup/report.mjs';

/** @type {Record<string, string>} */
const TYPES = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.ts': 'text/plain; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json',
  '.map': 'application/json',
  '.wasm': 'application/wasm',
  '.csv': 'text/csv; charset=utf-8',
  '.md': 'text/markdown; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
};

/** What makes a page cross-origin isolated: without it there is no SharedArrayBuffer. */
const ISOLATION = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
};

/** Under this prefix the same files are served without those headers, for tests of that case. */
const PLAIN = '/plain/';

/**
 * Under this prefix a module and all that it imports is one file: a worker of fifty modules starts
 * ten times as fast from it.
 */
const BUNDLED = '/bundled/';

/**
 * @param {{ port?: number, root?: string, host?: string }} [options] port 0 (the default) takes a
 *   free one
 * @returns {Promise<{ url: string, close: () => Promise<void> }>}
 */
export async function serve({ port = 0, root = repository, host = '127.0.0.1' } = {}) {
  const base = await realpath(root);
  const server = createServer((request, response) => {
    answer(base, request, response).catch(() => fail(response, 500));
  });
  await new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => resolve(undefined));
  });
  const address = server.address();
  const taken = typeof address === 'object' && address ? address.port : port;
  return {
    url: `http://localhost:${taken}`,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

/**
 * @param {string} base
 * @param {import('node:http').IncomingMessage} request
 * @param {import('node:http').ServerResponse} response
 * @returns {Promise<unknown>} when the headers are out; nothing reads it
 */
async function answer(base, request, response) {
  if (request.method !== 'GET' && request.method !== 'HEAD') return fail(response, 405);
  const { pathname, search } = new URL(request.url ?? '/', 'http://localhost');
  if (pathname === '/') {
    return response.writeHead(302, { Location: `/www/${search}` }).end();
  }
  const prefix = [PLAIN, BUNDLED].find((one) => pathname.startsWith(one));
  const wanted = decoded(prefix ? pathname.slice(prefix.length - 1) : pathname);
  if (wanted === undefined) return fail(response, 400);
  const file = await existing(base, wanted);
  if (!file) return fail(response, 404);
  if (file.directory) {
    return response.writeHead(302, { Location: `${pathname}/${search}` }).end();
  }
  const content = prefix === BUNDLED ? await bundle(file.path) : undefined;
  response.writeHead(200, {
    'Content-Type': TYPES[extname(file.path).toLowerCase()] ?? 'application/octet-stream',
    'Content-Length': content?.length ?? file.size,
    'Cache-Control': 'no-cache',
    'Cross-Origin-Resource-Policy': 'same-origin',
    'X-Content-Type-Options': 'nosniff',
    ...(prefix === PLAIN ? {} : ISOLATION),
  });
  if (request.method === 'HEAD') return response.end();
  if (content) return response.end(content);
  return createReadStream(file.path)
    .on('error', () => response.destroy())
    .pipe(response);
}

/** @param {string} module */
async function bundle(module) {
  const { build } = await import('esbuild');
  const { outputFiles } = await build({
    ...{ entryPoints: [module], bundle: true, format: 'esm', write: false },
    alias: { 'better-sqlite3': 'sharedwal/better-sqlite3' },
    logLevel: 'error',
  });
  return outputFiles[0]?.contents;
}

/** @param {string} path */
function decoded(path) {
  try {
    const text = decodeURIComponent(path);
    return text.includes('\0') ? undefined : text;
  } catch {
    return undefined;
  }
}

/**
 * The file behind a path, if it is inside the root and no part of its path is hidden.
 * @param {string} base
 * @param {string} path
 */
async function existing(base, path) {
  try {
    if (path.split(/[\\/]/).some((part) => part.startsWith('.'))) return undefined;
    const inside = join(base, path.endsWith('/') ? `${path}index.html` : path);
    const real = await realpath(inside);
    if (!real.startsWith(base + sep)) return undefined;
    const about = await stat(real);
    if (!about.isFile() && !about.isDirectory()) return undefined;
    return { path: real, size: about.size, directory: about.isDirectory() };
  } catch {
    return undefined;
  }
}

/**
 * @param {import('node:http').ServerResponse} response
 * @param {number} status
 */
function fail(response, status) {
  if (response.headersSent) return void response.destroy();
  response.writeHead(status, { 'Content-Type': 'text/plain', ...ISOLATION }).end(`${status}\n`);
}

await main(import.meta.url, async () => {
  const { url } = await serve({ port: Number(process.argv[2] ?? 8080) });
  console.log(url);
});
