// @ts-check
// Which contenders there are where the benchmark runs. Where the page was carried somewhere without its
// `node_modules`, some are missing.
import { contenders } from './contenders/all.js';

/** @type {Map<string, Promise<string | undefined>>} */
const versions = new Map();

/**
 * The version of a package that is served here; undefined for one that is not.
 *
 * @param {string} name
 */
export function packageVersion(name) {
  const known = versions.get(name) ?? fetchVersion(name);
  versions.set(name, known);
  return known;
}

/**
 * @param {string} name
 * @returns {Promise<string | undefined>}
 */
async function fetchVersion(name) {
  const directory = name === 'sharedwal' ? '..' : `../node_modules/${name}`;
  try {
    const response = await fetch(new URL(`${directory}/package.json`, import.meta.url));
    return response.ok ? String((await response.json()).version) : undefined;
  } catch {
    return undefined;
  }
}

const ASK = `postMessage(typeof globalThis.FileSystemFileHandle?.prototype.createSyncAccessHandle);`;

/** Whether there is a file system of the origin's, which workers can read and write at once. */
async function hasOpfs() {
  try {
    await navigator.storage.getDirectory();
    const address = URL.createObjectURL(new Blob([ASK], { type: 'text/javascript' }));
    const worker = new Worker(address);
    try {
      return await new Promise((resolve) => {
        worker.onmessage = ({ data }) => resolve(data === 'function');
        worker.onerror = () => resolve(false);
      });
    } finally {
      worker.terminate();
      URL.revokeObjectURL(address);
    }
  } catch {
    return false;
  }
}

/**
 * A contender, and what it lacks here, if anything.
 *
 * @typedef {{ contender: import('./session.js').Contender, version: string, lacks: string }} Offer
 */

/** @returns {Promise<Offer[]>} */
export async function offers() {
  const opfs = await hasOpfs();
  return Promise.all(
    contenders.map(async (contender) => {
      const version = await packageVersion(contender.package);
      let lacks = '';
      if (version === undefined) lacks = 'its package is not served here';
      else if (contender.files && !opfs) lacks = 'this browser offers no private file system here';
      return { contender, version: version ?? '', lacks };
    }),
  );
}
