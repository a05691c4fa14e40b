// @ts-check
// Counts what crosses the boundary of the WebAssembly instance, and what is done to memory outside of
// its own: exact numbers, the same on every machine. To be imported before the package, which then
// starts its instance between counters. It knows WebAssembly and Atomics, and nothing of SQLite.

/**
 * What was done between two moments: how often, by name.
 *
 * @typedef {object} Tally
 * @property {Record<string, number>} calls exports that JavaScript called
 * @property {Record<string, number>} imports what the instance called in JavaScript
 * @property {Record<string, number>} atomics operations of `Atomics`, whoever did them
 * @property {Record<string, number>} copies copies from one typed array to another, by their bytes
 */

/** @returns {Tally} */
const nothing = () => ({ calls: {}, imports: {}, atomics: {}, copies: {} });

let tallied = nothing();
let counting = false;

/**
 * @param {keyof Tally} kind
 * @param {string} name
 */
function count(kind, name) {
  if (!counting) return;
  const those = tallied[kind];
  those[name] = (those[name] ?? 0) + 1;
}

/**
 * @param {Function} original
 * @param {(args: any[]) => void} note
 */
function counted(original, note) {
  return function (/** @type {any[]} */ ...args) {
    note(args);
    // @ts-expect-error: called on whatever the original would be
    return Reflect.apply(original, this, args);
  };
}

/**
 * The same functions, counted; what is none is left as it is.
 *
 * @param {keyof Tally} kind
 * @param {Record<string, any>} functions
 * @param {(name: string) => string} called what to call them
 * @returns {Record<string, any>}
 */
function countedAll(kind, functions, called = (name) => name) {
  const wrap = (/** @type {[string, any]} */ [name, value]) =>
    typeof value === 'function' ? counted(value, () => count(kind, called(name))) : value;
  return Object.fromEntries(Object.entries(functions).map((entry) => [entry[0], wrap(entry)]));
}

for (const name of Object.getOwnPropertyNames(Atomics)) {
  const owner = /** @type {any} */ (Atomics);
  if (typeof owner[name] === 'function') {
    owner[name] = counted(owner[name], () => count('atomics', name));
  }
}

const typedArray = Object.getPrototypeOf(Uint8Array.prototype);
typedArray.set = counted(typedArray.set, ([source]) => {
  count('copies', String(source.byteLength ?? source.length));
});

/** The glue's own imports have a hash at their end. @param {string} name */
const withoutHash = (name) => name.replace(/^__wbg_(\w+)_[0-9a-f]{16}$/, '$1');

WebAssembly.Instance = new Proxy(WebAssembly.Instance, {
  construct(Instance, [module, modules = {}]) {
    const wrapped = Object.entries(modules).map(([name, functions]) => [
      name,
      countedAll('imports', functions, withoutHash),
    ]);
    return new Instance(module, Object.fromEntries(wrapped));
  },
});

const exportsOf = Object.getOwnPropertyDescriptor(WebAssembly.Instance.prototype, 'exports')?.get;
/** @type {WeakMap<object, Record<string, any>>} */
const countedExports = new WeakMap();
Object.defineProperty(WebAssembly.Instance.prototype, 'exports', {
  get() {
    const exported = exportsOf?.call(this);
    const known = countedExports.get(exported) ?? countedAll('calls', exported);
    countedExports.set(exported, known);
    return known;
  },
});

/**
 * Counts what an action does.
 *
 * @param {() => unknown} action
 */
export function tally(action) {
  tallied = nothing();
  counting = true;
  try {
    action();
  } finally {
    counting = false;
  }
  return tallied;
}
