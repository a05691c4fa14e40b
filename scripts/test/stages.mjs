// What `npm test` runs, in order: quick to fail first, then what needs the build.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from '../build.mjs';
import { freePort } from '../free-port.mjs';
import { pack, tarball } from '../pack.mjs';
import { buildRustApp } from '../rust-app.mjs';
import { chromiumArguments } from '../setup/chromium-arguments.mjs';
import { root } from '../setup/paths.mjs';
import { Stop } from '../setup/report.mjs';
import { WASM_TARGET } from '../setup/rust.mjs';
import { measure } from '../size.mjs';
import { testPackage } from './packaged.mjs';

/** @typedef {import('../setup.mjs').Setup} Setup */
/** @typedef {import('../setup/run.mjs').Environment} Environment */

/**
 * @typedef {object} Stage
 * @property {string} name
 * @property {string} [after] the stage without which this one makes no sense
 * @property {() => Promise<void>} [work] done first
 * @property {{ command: string, args: string[], env: Environment }[]} [commands]
 * @property {(output: string) => string} [count] a note from the commands' output; throws when no
 *   test ran
 */

/** Two files have no types, and nothing is asked of the network. */
const typesOfEntries = [
  ...['--profile', 'esm-only', '--no-definitely-typed', '--format', 'ascii'],
  ...['--exclude-entrypoints', 'sharedwal.wasm', 'isolation-service-worker.js'],
];

/**
 * @param {Setup} environment
 * @param {boolean} quick
 * @returns {Promise<Stage[]>}
 */
export async function stages(environment, quick) {
  // No colours: the output goes to a log.
  const common = { FORCE_COLOR: '0', ...(quick ? { SHAREDWAL_QUICK: '1' } : {}) };
  const env = { ...environment.env, ...common, SQLITE3: environment.sqlite3 };
  const wasmEnv = { ...environment.wasmEnv, ...common };
  const wasmCrates = ['--locked', '--target', WASM_TARGET, '-p', 'sharedwal', '-p', 'sharedwal-js'];
  const deny = ['--', '-D', 'warnings'];
  const cargo = (/** @type {string[]} */ ...args) => ({ command: 'cargo', args, env });
  const wasmCargo = (/** @type {string[]} */ ...args) => ({ command: 'cargo', args, env: wasmEnv });
  const node = (/** @type {string} */ script, /** @type {string[]} */ ...args) => ({
    command: process.execPath,
    args: [join(root, 'node_modules', script), ...args],
    env,
  });
  return [
    {
      name: 'rustfmt',
      commands: [
        cargo('fmt', '--all', '--check'),
        cargo('fmt', '--check', '--manifest-path', 'examples/rust-app/Cargo.toml'),
      ],
    },
    {
      name: 'biome',
      commands: [node('@biomejs/biome/bin/biome', 'check', '--error-on-warnings', '.')],
    },
    {
      name: 'clippy-host',
      commands: [
        cargo('clippy', '--locked', '--workspace', '--all-targets', ...deny),
        // The workspace's other crate has the feature `snapshot` on.
        cargo('clippy', '--locked', '-p', 'sharedwal', '--lib', ...deny),
      ],
    },
    {
      name: 'native-tests',
      commands: [
        cargo(
          ...['test', '--locked', '--workspace', '--no-fail-fast'],
          ...(process.env.SHAREDWAL_LARGE ? ['--', '--include-ignored'] : []),
        ),
        cargo('run', '--locked', '-p', 'sharedwal', '--example', 'threads'),
      ],
      count: cargoCount,
    },
    {
      name: 'doc',
      commands: [
        {
          ...cargo('doc', '--locked', '--workspace', '--no-deps'),
          env: { ...env, RUSTDOCFLAGS: '-D warnings' },
        },
        {
          ...wasmCargo('doc', '--locked', '--target', WASM_TARGET, '-p', 'sharedwal', '--no-deps'),
          env: { ...wasmEnv, RUSTDOCFLAGS: '-D warnings' },
        },
        // What the documents say of wasm is compiled; the rest of them runs with the native tests.
        // With --show-output rustdoc makes no one program of them all, which it would want to run.
        wasmCargo(
          ...['test', '--locked', '--target', WASM_TARGET, '--doc'],
          ...['-p', 'sharedwal', '-p', 'documents', '--', '--show-output'],
        ),
      ],
      count: cargoCount,
    },
    {
      name: 'clippy-wasm',
      commands: [wasmCargo('clippy', ...wasmCrates, '--lib', '--tests', ...deny)],
    },
    { name: 'build', work: () => build(environment) },
    {
      name: 'wasm-tests',
      commands: [
        {
          ...wasmCargo('test', ...wasmCrates, '--lib', '--tests'),
          env: { ...wasmEnv, ...inChromium(environment) },
        },
      ],
      count: cargoCount,
    },
    { name: 'rust-app', work: () => buildRustApp(environment) },
    { name: 'packaged', work: () => testPackage(environment) },
    {
      name: 'node-tests',
      after: 'build',
      commands: [
        {
          command: process.execPath,
          args: ['--test', '--test-reporter=tap', join(root, 'tests', 'node')],
          env,
        },
      ],
      count: nodeCount,
    },
    {
      name: 'typescript',
      after: 'build',
      commands: ['tsconfig.json', 'tsconfig.pages.json', 'tsconfig.scripts.json'].map((project) =>
        node('typescript/bin/tsc', '--noEmit', '-p', project),
      ),
    },
    {
      name: 'npm-package',
      after: 'build',
      work: async () => {
        await pack();
        await measure();
      },
      commands: [
        node('publint/src/cli.js', 'run', '--strict', tarball),
        node('@arethetypeswrong/cli/dist/index.js', tarball, ...typesOfEntries),
        node('size-limit/bin.js'),
      ],
    },
    {
      name: 'bundlers',
      after: 'npm-package',
      commands: [
        {
          command: process.execPath,
          args: ['--test', '--test-reporter=tap', join(root, 'tests', 'packaging')],
          env: {
            ...env,
            SHAREDWAL_CHROMIUM: environment.chromium,
            SHAREDWAL_FIREFOX: environment.others.firefox,
          },
        },
      ],
      count: nodeCount,
    },
    {
      name: 'playwright',
      after: 'build',
      commands: [
        {
          ...node('@playwright/test/cli.js', 'test'),
          env: {
            ...env,
            SHAREDWAL_CHROMIUM: environment.chromium,
            SHAREDWAL_PORT: String(await freePort()),
          },
        },
      ],
      count: playwrightCount,
    },
    ...Object.keys(environment.others).map((engine) => ({
      name: engine,
      after: 'build',
      commands: [
        {
          command: process.execPath,
          args: [join(root, 'scripts', 'engine-tests.mjs'), `--${engine}`, '--short'],
          env,
        },
      ],
      count: playwrightCount,
    })),
  ];
}

/**
 * How wasm-bindgen's test runner finds the browser and starts it.
 * @param {Setup} environment
 */
function inChromium({ chromium, chromedriver }) {
  const directory = join(root, 'target');
  mkdirSync(directory, { recursive: true });
  const capabilities = join(directory, 'webdriver.json');
  const chrome = { binary: chromium, args: ['--headless=new', ...chromiumArguments] };
  writeFileSync(capabilities, JSON.stringify({ 'goog:chromeOptions': chrome }));
  return {
    CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUNNER: 'wasm-bindgen-test-runner',
    CHROMEDRIVER: chromedriver,
    WASM_BINDGEN_TEST_WEBDRIVER_JSON: capabilities,
    // A module without a configuration of its own runs in the browser too, not in Node.
    WASM_BINDGEN_TEST_ONLY_WEB: '1',
    WASM_BINDGEN_TEST_TIMEOUT: '300',
    WASM_BINDGEN_TEST_DRIVER_TIMEOUT: '60',
  };
}

/** @param {string} output */
function cargoCount(output) {
  const results = [
    ...output.matchAll(/test result: ok\. (\d+) passed; \d+ failed; (\d+) ignored/g),
  ];
  const passed = results.reduce((sum, [, number]) => sum + Number(number), 0);
  const ignored = results.reduce((sum, [, , number]) => sum + Number(number), 0);
  if (passed === 0) throw new Stop('No test ran.');
  return ignored > 0 ? `${passed} tests, ${ignored} ignored` : `${passed} tests`;
}

/** @param {string} output */
function nodeCount(output) {
  const passed = Number(/^# pass (\d+)$/m.exec(output)?.[1] ?? 0);
  if (passed === 0) throw new Stop('No test ran.');
  return `${passed} tests`;
}

/** @param {string} output */
function playwrightCount(output) {
  const counts = [...output.matchAll(/^\s*(\d+) (passed|skipped|flaky)\b/gm)];
  if (!counts.some(([, , what]) => what === 'passed')) throw new Stop('No test ran.');
  return counts.map(([, number, what]) => `${number} ${what}`).join(', ');
}
