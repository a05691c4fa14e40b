// The engine that `--firefox` or `--webkit` asks a script for, instead of Chromium.
import { firefox } from './firefox.mjs';
import { webkit } from './webkit.mjs';

/** Installs what is missing of an engine, and says where it is. */
const engines = {
  firefox: async () => ({ firefox: await firefox() }),
  webkit: async () => ({ webkit: await webkit() }),
};

/** @typedef {keyof typeof engines} OtherEngine */

/** @returns {OtherEngine[]} those that there are for this system: WebKitGTK is for Linux */
export function obtainable() {
  return process.platform === 'linux' ? ['firefox', 'webkit'] : ['firefox'];
}

/**
 * @param {string[]} args
 * @returns {OtherEngine | undefined}
 */
export function otherEngine(args) {
  const names = /** @type {OtherEngine[]} */ (Object.keys(engines));
  return names.find((name) => args.includes(`--${name}`));
}

/**
 * What `reportOf()` needs to take that one.
 * @param {OtherEngine | undefined} name
 * @returns {Promise<{ firefox?: string, webkit?: import('./webkit.mjs').WebKit }>}
 */
export async function installed(name) {
  return name ? engines[name]() : {};
}
