// @ts-check
// What the doctor found, in plain words.

/**
 * @typedef {import('sharedwal/doctor').Environment} Environment
 *
 * @typedef {object} Fact
 * @property {string} what
 * @property {string} why what it is for
 * @property {(environment: Environment) => Answer} answer
 *
 * `good`: whether it is as it should be; undefined where that makes no difference.
 * @typedef {{ text: string, good?: boolean }} Answer
 */

const GIB = 1024 ** 3;
/** What a runtime reserves if nothing else is asked for. */
const DEFAULT_GIB = 3;

/** @param {boolean | undefined} value @returns {Answer} */
function yes(value) {
  if (value === undefined) return { text: 'not known' };
  return { text: value ? 'yes' : 'no', good: value };
}

/** @param {string} value @returns {Answer} */
function available(value) {
  return { text: value, good: value === 'available' };
}

/** @param {import('sharedwal/doctor').SeenHeader} name @returns {Fact['answer']} */
function header(name) {
  return ({ headers }) => ({ text: headers ? (headers[name] ?? 'not sent') : 'not known' });
}

/** @type {readonly Fact[]} */
export const FACTS = [
  {
    what: 'Cross-origin isolated',
    why: 'Browsers share memory between workers only in pages that are.',
    answer: ({ crossOriginIsolated }) => yes(crossOriginIsolated),
  },
  {
    what: 'Cross-Origin-Opener-Policy',
    why: 'One of the two headers that isolate, as the server (or a service worker) sends it.',
    answer: header('Cross-Origin-Opener-Policy'),
  },
  {
    what: 'Cross-Origin-Embedder-Policy',
    why: 'The other one.',
    answer: header('Cross-Origin-Embedder-Policy'),
  },
  {
    what: 'Secure context',
    why: 'Served by https, or from this computer. Isolation and Web Locks need it.',
    answer: ({ secureContext }) => yes(secureContext),
  },
  {
    what: 'Shared memory',
    why: 'The database lives in it.',
    answer: ({ sharedArrayBuffer }) => yes(sharedArrayBuffer),
  },
  {
    what: 'Shared memory that grows',
    why: 'The database takes memory as it needs it; without, it has one size from the beginning.',
    answer: ({ growth }) => yes(growth),
  },
  {
    what: 'Address space',
    why: `A runtime reserves ${DEFAULT_GIB} GiB unless told otherwise. That takes no memory yet.`,
    answer: ({ reservable }) => ({
      text: `${reservable / GIB} GiB${reservable >= DEFAULT_GIB * GIB ? ' or more' : ''}`,
      good: reservable >= DEFAULT_GIB * GIB,
    }),
  },
  {
    what: 'Waiting for a lock',
    why: 'Workers sleep until it is free. The main thread of a page must not, and gets SQLITE_BUSY at once.',
    answer: ({ atomicsWait, context }) =>
      context === 'window'
        ? { text: atomicsWait ? 'yes' : 'no, as in any page' }
        : yes(atomicsWait),
  },
  {
    what: 'Waking an event loop',
    why: 'Idle connections hear of requests and commits at once; without, they look from time to time.',
    answer: ({ atomicsWaitAsync }) => yes(atomicsWaitAsync),
  },
  {
    what: 'Web Locks',
    why: 'They prove that a worker has ended, so that its locks can be freed.',
    answer: ({ webLocks }) => available(webLocks),
  },
  {
    what: 'Module workers',
    why: 'Workers that import the package need no bundler.',
    answer: ({ moduleWorkers }) => yes(moduleWorkers),
  },
  {
    what: 'WebAssembly',
    why: 'SQLite is compiled to it.',
    answer: ({ webAssembly }) => available(webAssembly),
  },
  {
    what: 'WebAssembly vectors',
    why: 'The module copies and compares with them.',
    answer: ({ wasmSimd }) => yes(wasmSimd),
  },
  {
    what: 'WebAssembly 64-bit integers',
    why: 'Integers of SQLite go to JavaScript whole.',
    answer: ({ wasmBigInt }) => yes(wasmBigInt),
  },
];
