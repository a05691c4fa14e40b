// Where the WebAssembly module comes from: `wasmUrl`, `wasmModule`, compileWasm(), the slim entry.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { test } from 'node:test';
import { compileWasm, createRuntime, open } from '../../dist/slim.js';

const file = new URL('../../dist/sharedwal.wasm', import.meta.url);
const runtime = createRuntime({ name: 'wasm' });

/**
 * A server of the module that calls it `type`, or has it not.
 * @param {string} type
 * @param {(url: string) => Promise<void>} use
 */
async function served(type, use) {
  const server = createServer((request, response) => {
    if (request.url !== '/sharedwal.wasm') return response.writeHead(404).end();
    return response.writeHead(200, { 'Content-Type': type }).end(readFileSync(file));
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(undefined)));
  const address = server.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  try {
    await use(`http://127.0.0.1:${port}/sharedwal.wasm`);
  } finally {
    server.close();
  }
}

test('the slim entry alone has no module', async () => {
  await assert.rejects(open(runtime), { code: 'WASM_LOAD_FAILED', message: /wasmModule/ });
  await assert.rejects(compileWasm(), { code: 'WASM_LOAD_FAILED' });
});

test('a module that is not there says where it was looked for', async () => {
  await served('application/wasm', async (url) => {
    const nowhere = url.replace('sharedwal.wasm', 'nowhere.wasm');
    const expected = {
      code: 'WASM_LOAD_FAILED',
      message: /nowhere\.wasm could not be loaded: 404/,
    };
    await assert.rejects(compileWasm({ wasmUrl: nowhere }), expected);
    await assert.rejects(open(runtime, { wasmUrl: nowhere }), expected);
  });
  const missing = new URL('./nowhere.wasm', import.meta.url);
  await assert.rejects(compileWasm({ wasmUrl: missing }), { code: 'WASM_LOAD_FAILED' });
});

test('what is no module is refused', async () => {
  const wasmUrl = 'data:application/wasm,nonsense';
  await assert.rejects(compileWasm({ wasmUrl }), { code: 'WASM_LOAD_FAILED' });
  for (const options of [{ wasmUrl: 1 }, { wasmUrl: {} }]) {
    await assert.rejects(compileWasm(/** @type {any} */ (options)), {
      name: 'TypeError',
      code: 'INVALID_OPTION',
    });
  }
  await assert.rejects(compileWasm(/** @type {any} */ ({ wasmModule: 1 })), {
    code: 'INVALID_OPTION',
  });
});

test('compileWasm() compiles a file, a response, and one that its server calls otherwise', async () => {
  assert.ok((await compileWasm({ wasmUrl: file })) instanceof WebAssembly.Module);
  assert.ok((await compileWasm({ wasmUrl: file.href })) instanceof WebAssembly.Module);
  for (const type of ['application/wasm', 'application/octet-stream']) {
    await served(type, async (wasmUrl) => {
      assert.ok((await compileWasm({ wasmUrl })) instanceof WebAssembly.Module);
    });
  }
});

test('a compiled module opens a database', async () => {
  const db = await open(runtime, { wasmModule: await compileWasm({ wasmUrl: file }) });
  assert.equal(db.prepare('SELECT 1 + 2').pluck().get(), 3);
  db.close();
});

test('the default entry finds its module', async () => {
  const standard = await import('../../dist/index.js');
  assert.ok((await standard.compileWasm()) instanceof WebAssembly.Module);
  assert.deepEqual(
    Object.keys(standard).sort(),
    Object.keys(await import('../../dist/slim.js')).sort(),
  );
});
