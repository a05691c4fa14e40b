// Installs what is missing to build, run and test this repository. A second run only checks.
//
//   node scripts/setup.mjs               everything
//   node scripts/setup.mjs --print-env   also prints the environment of the wasm build, for a shell
import { delimiter } from 'node:path';
import { chromedriver, chromium } from './setup/chromium.mjs';
import { wasmClang } from './setup/clang.mjs';
import { installed, obtainable } from './setup/other-engine.mjs';
import { npmPackages } from './setup/packages.mjs';
import { main, Stop, say } from './setup/report.mjs';
import { hostEnvironment, hostRust, wasmRust } from './setup/rust.mjs';
import { sharedAmalgamation, sqliteShell } from './setup/sqlite.mjs';
import { wasmTools } from './setup/tools.mjs';
import { wasmFlags } from './setup/wasm-flags.mjs';

/** @typedef {import('./setup/run.mjs').Environment} Environment */

/**
 * @typedef {object} Setup
 * @property {Environment} env for cargo on this machine and for everything that is not Rust
 * @property {Environment} wasmEnv for cargo and wasm-pack when they build for wasm32
 * @property {string} chromium the browser's executable; empty unless asked for
 * @property {string} chromedriver its driver; empty unless asked for
 * @property {string} sqlite3 SQLite's command line; empty unless asked for
 * @property {Awaited<ReturnType<typeof installed>>} others engines besides Chromium, as far as there
 *   are any for this system; none unless asked for
 */

/**
 * @param {{ rust?: boolean, browser?: boolean, driver?: boolean, shell?: boolean, engines?: boolean }} [wanted]
 *   everything by default
 * @returns {Promise<Setup>}
 */
export async function setup({
  rust = true,
  browser = true,
  driver = browser,
  shell = driver,
  engines = driver,
} = {}) {
  const node = Number.parseInt(process.versions.node, 10);
  if (node < 20) {
    throw new Stop(
      `Node.js 20 or newer is needed, and this is ${process.versions.node}: see https://nodejs.org`,
    );
  }
  if (rust) await hostRust();
  await npmPackages();

  const missing = gathering();
  const toolchain = rust ? await missing.unless(wasmRust) : undefined;
  const compiler = rust ? await missing.unless(() => wasmClang(toolchain?.llvm)) : undefined;
  const browserFile = browser ? await missing.unless(chromium) : undefined;
  const driverFile =
    driver && browserFile ? await missing.unless(() => chromedriver(browserFile)) : undefined;
  const sqlite3 = shell ? await missing.unless(sqliteShell) : undefined;
  const others = {};
  for (const engine of engines ? obtainable() : []) {
    Object.assign(others, await missing.unless(() => installed(engine)));
  }
  missing.stopIfAny();

  const env = hostEnvironment();
  let wasmEnv = env;
  if (toolchain && compiler) {
    const tools = await wasmTools();
    sharedAmalgamation();
    wasmEnv = {
      ...env,
      ...toolchain.env,
      PATH: [...tools, toolchain.env.PATH ?? env.PATH].join(delimiter),
      CC_wasm32_unknown_unknown: compiler.clang,
      AR_wasm32_unknown_unknown: compiler.ar,
      ...wasmFlags({ ...env, ...toolchain.env }),
    };
  }
  return {
    env,
    wasmEnv,
    chromium: browserFile ?? '',
    chromedriver: driverFile ?? '',
    sqlite3: sqlite3 ?? '',
    others,
  };
}

/** Everything that only the user can install is told at once, not one run at a time. */
function gathering() {
  /** @type {string[]} */
  const messages = [];
  return {
    /**
     * @template Result
     * @param {() => Promise<Result>} step
     * @returns {Promise<Result | undefined>}
     */
    async unless(step) {
      try {
        return await step();
      } catch (error) {
        if (!(error instanceof Stop)) throw error;
        messages.push(error.message);
        return undefined;
      }
    },
    stopIfAny() {
      if (messages.length > 0) throw new Stop(messages.join('\n\n'));
    },
  };
}

/** @param {Setup} result */
function printEnvironment({ wasmEnv, chromium, chromedriver, sqlite3 }) {
  const extra = { SHAREDWAL_CHROMIUM: chromium, CHROMEDRIVER: chromedriver, SQLITE3: sqlite3 };
  for (const [name, value] of Object.entries({ ...wasmEnv, ...extra })) {
    if (!value || value === process.env[name]) continue;
    console.log(`export ${name}='${value.replaceAll("'", "'\\''")}'`);
  }
}

await main(import.meta.url, async () => {
  const result = await setup();
  if (process.argv.includes('--print-env')) printEnvironment(result);
  else say('setup', 'ready');
});
