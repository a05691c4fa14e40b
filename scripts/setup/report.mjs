// What a person reads while a script works, and how a script starts and gives up.
import { realpathSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** A failure with its explanation complete: printed without a stack, exit status 1. */
export class Stop extends Error {}

const started = performance.now();

/**
 * Prints a line with the time since the script started: `[setup 12s] ...`.
 * @param {string} topic
 * @param {string} text
 */
export function say(topic, text) {
  console.log(`[${topic} ${Math.round((performance.now() - started) / 1000)}s] ${text}`);
}

/** @param {number} milliseconds */
export function seconds(milliseconds) {
  return milliseconds < 9950
    ? `${(milliseconds / 1000).toFixed(1)} s`
    : `${Math.round(milliseconds / 1000)} s`;
}

/**
 * Runs a module's main function if node was started with that module; its result is the exit
 * status (nothing means 0).
 * @param {string} module import.meta.url
 * @param {() => Promise<number | void>} script
 */
export async function main(module, script) {
  if (!process.argv[1] || realpathSync(process.argv[1]) !== fileURLToPath(module)) return;
  try {
    process.exitCode = (await script()) ?? 0;
  } catch (error) {
    if (error instanceof Stop) console.error(`\n${error.message}\n`);
    else console.error(error);
    process.exitCode = 1;
  }
}
