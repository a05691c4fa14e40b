// Compiles the module once, for a worker with the default entry and one with the slim entry.
import { compileWasm, createRuntime } from 'sharedwal';
import { compileWasm as compileSlim } from 'sharedwal/slim';
import wasmUrl from './wasm_url.js';

const runtime = createRuntime({ name: 'modules' });
const standard = new Worker(new URL('./standard_worker.js', import.meta.url), { type: 'module' });
standard.postMessage({ runtime, wasmModule: await compileWasm() });
const slim = new Worker(new URL('./slim_worker.js', import.meta.url), { type: 'module' });
slim.postMessage({ runtime, wasmModule: await compileSlim({ wasmUrl }) });
