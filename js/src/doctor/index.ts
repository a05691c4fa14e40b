/**
 * Says what a page, a worker or a process lacks for sharedwal, and what to do about it. Works in every
 * context, without WebAssembly and without isolation, and loads nothing else.
 *
 * @packageDocumentation
 */

import { ownError } from '../errors.js';
import { requireKnownOptions } from '../options.js';
import { type Environment, GIB, lookAround } from './environment.js';
import { type Finding, findings } from './findings.js';
import { type Host, RECIPES, type Recipe, recipeText } from './recipes.js';

export type { ContextKind, Environment, SeenHeader } from './environment.js';
export type { Finding, FindingCode } from './findings.js';
export type { Host, Recipe, RecipeFile } from './recipes.js';

/** Options of {@link doctor}. */
export interface DoctorOptions {
  /** Adds the recipe for this host. */
  host?: Host | undefined;
}

/** What cannot be, wherever the page is. */
const IMPOSSIBLE: readonly string[] = [
  'A runtime cannot be given to a SharedWorker, a service worker or another tab, nor kept in IndexedDB: browsers share memory between one page and its dedicated workers (and theirs) alone.',
  'A database does not outlive its page: it is gone with the last context that holds its handle. exportStream() and importDatabase() move it.',
];

/** What {@link doctor} says. As a string it is to be read: `console.log(String(await doctor()))`. */
export class Diagnosis {
  /** Whether sharedwal works here: no finding is an `error`. */
  readonly ok: boolean;
  /** What is missing, the worst first. */
  readonly findings: readonly Finding[];
  /** What was found. */
  readonly environment: Environment;
  /** What cannot be, wherever the page is. */
  readonly impossible: readonly string[] = IMPOSSIBLE;
  /** How the host that was asked for is told to send the headers. */
  readonly recipe: Recipe | undefined;

  /** @internal */
  constructor(environment: Environment, recipe: Recipe | undefined) {
    this.environment = environment;
    this.findings = findings(environment);
    this.ok = this.findings.every(({ severity }) => severity !== 'error');
    this.recipe = recipe;
  }

  /** All of it as a text of several lines: each finding with what to do, what was found, the recipe. */
  toString(): string {
    const { environment, recipe } = this;
    const lines = [
      `sharedwal ${this.ok ? 'works' : 'does not work'} here (${environment.context}).`,
    ];
    for (const { severity, code, message, advice } of this.findings) {
      lines.push('', `${severity}: ${message} [${code}]`, `  ${advice}`);
    }
    lines.push('', 'Found:', ...facts(environment).map((fact) => `  ${fact}`));
    lines.push('', 'What cannot be:', ...this.impossible.map((one) => `  ${one}`));
    if (recipe !== undefined) lines.push('', recipeText(recipe));
    return lines.join('\n');
  }
}

function facts(environment: Environment): string[] {
  const yes = (value: boolean | undefined) => (value === undefined ? '?' : value ? 'yes' : 'no');
  const { headers, reservable, node } = environment;
  return [
    ...(node === undefined ? [] : [`Node: ${node}`]),
    ...(node === undefined
      ? [
          `cross-origin isolated: ${yes(environment.crossOriginIsolated)}`,
          `secure context: ${yes(environment.secureContext)}`,
        ]
      : []),
    ...Object.entries(headers ?? {}).map(([name, value]) => `${name}: ${value ?? 'not sent'}`),
    `SharedArrayBuffer: ${yes(environment.sharedArrayBuffer)}; grows: ${yes(environment.growth)}; ${reservable / GIB} GiB could be reserved`,
    `Atomics.wait here: ${yes(environment.atomicsWait)}; Atomics.waitAsync: ${yes(environment.atomicsWaitAsync)}`,
    `Web Locks: ${environment.webLocks}; module workers: ${yes(environment.moduleWorkers)}`,
    `WebAssembly: ${environment.webAssembly}; SIMD: ${yes(environment.wasmSimd)}; BigInt: ${yes(environment.wasmBigInt)}`,
  ];
}

/**
 * Looks at the context that calls it: isolation and the headers that its own address is served with,
 * shared memory, locks, WebAssembly. It makes one request (HEAD) for its own address, and
 * changes nothing.
 *
 * @example
 * ```ts
 * const diagnosis = await doctor({ host: 'nginx' });
 * if (!diagnosis.ok) console.log(String(diagnosis));
 * ```
 * @throws SqliteError `INVALID_OPTION`
 */
export async function doctor(options: DoctorOptions = {}): Promise<Diagnosis> {
  requireKnownOptions(options, ['host']);
  const { host } = options;
  if (host !== undefined && !Object.hasOwn(RECIPES, host)) {
    throw ownError('INVALID_OPTION', `"host" must be one of ${Object.keys(RECIPES).join(', ')}`);
  }
  return new Diagnosis(await lookAround(), host === undefined ? undefined : RECIPES[host]);
}
