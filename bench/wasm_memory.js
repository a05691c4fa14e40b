// @ts-check
// The linear memories of all WebAssembly instances in this worker. No library tells, so it is seen
// when they are made: this has to be imported before any of them is loaded.

/** @type {Set<WebAssembly.Memory>} */
const memories = new Set();

/**
 * @param {WebAssembly.Instance} instance
 * @param {WebAssembly.Imports} [imports]
 */
function note(instance, imports = {}) {
  const given = Object.values(imports).flatMap((module) => Object.values(module));
  for (const value of [...given, ...Object.values(instance.exports)]) {
    if (value instanceof WebAssembly.Memory) memories.add(value);
  }
}

for (const name of /** @type {const} */ (['instantiate', 'instantiateStreaming'])) {
  const original = /** @type {(source: any, imports?: any) => Promise<any>} */ (WebAssembly[name]);
  const noting = async (/** @type {any} */ source, /** @type {any} */ imports) => {
    const result = await original.call(WebAssembly, source, imports);
    note('instance' in result ? result.instance : result, imports);
    return result;
  };
  Object.assign(WebAssembly, { [name]: noting });
}

WebAssembly.Instance = new Proxy(WebAssembly.Instance, {
  construct(Instance, [module, imports]) {
    const instance = new Instance(module, imports);
    note(instance, imports);
    return instance;
  },
});

/** Their bytes, now. */
export function wasmBytes() {
  return [...memories].reduce((sum, { buffer }) => sum + buffer.byteLength, 0);
}
