import { DEFAULT_RESERVATIONS, type Environment, GIB, type SeenHeader } from './environment.js';
import { HEADERS } from './recipes.js';

/** Something that is missing, or cannot be. */
export interface Finding {
  /** A name that does not change between versions. */
  code: FindingCode;
  /** `error`: sharedwal does not work here. `warning`: in part, or worse. `info`: as it is meant. */
  severity: 'error' | 'warning' | 'info';
  /** What was found. */
  message: string;
  /** What to do. */
  advice: string;
}

/** Codes of {@link Finding}s. */
export type FindingCode =
  | 'NOT_CROSS_ORIGIN_ISOLATED'
  | 'HEADER_MISSING'
  | 'NOT_SECURE_CONTEXT'
  | 'FRAME_NOT_ISOLATED'
  | 'ISOLATION_REFUSED'
  | 'NO_SHARED_ARRAY_BUFFER'
  | 'NO_GROWABLE_SHARED_ARRAY_BUFFER'
  | 'RESERVATION_REFUSED'
  | 'NO_WEB_ASSEMBLY'
  | 'WEB_ASSEMBLY_REFUSED'
  | 'NO_WASM_SIMD'
  | 'NO_WASM_BIGINT'
  | 'CONTEXT_CANNOT_SHARE'
  | 'NEVER_WAITS'
  | 'NO_WEB_LOCKS'
  | 'NO_WAIT_ASYNC'
  | 'NO_MODULE_WORKERS'
  | 'NODE_TOO_OLD';

const OLDEST_NODE = 20;
const OPENER: SeenHeader = 'Cross-Origin-Opener-Policy';
const EMBEDDER: SeenHeader = 'Cross-Origin-Embedder-Policy';

/** What an environment lacks, the worst first. */
export function findings(environment: Environment): Finding[] {
  const found = [...isolation(environment), ...engine(environment), ...context(environment)];
  const order = ['error', 'warning', 'info'];
  return found.sort((a, b) => order.indexOf(a.severity) - order.indexOf(b.severity));
}

function* isolation(environment: Environment): Iterable<Finding> {
  const { crossOriginIsolated, headers, secureContext, framed, node } = environment;
  if (node !== undefined || crossOriginIsolated !== false) return;
  const wrong = wrongHeaders(environment);
  yield {
    code: 'NOT_CROSS_ORIGIN_ISOLATED',
    severity: 'error',
    message:
      'The page is not cross-origin isolated, so the browser shares no memory between its workers.',
    advice:
      "Serve the page and its workers with the two headers. doctor({ host: 'nginx' }) prints how; also for " +
      'vite, webpack, next, caddy, netlify, vercel, cloudflare and github-pages.',
  };
  for (const header of wrong) {
    const seen = headers?.[header];
    yield {
      code: 'HEADER_MISSING',
      severity: 'error',
      message: `${header} is ${seen === null ? 'not sent' : `"${seen}"`} with ${environment.location}.`,
      advice: `Send ${header}: ${HEADERS[header]}`,
    };
  }
  if (secureContext === false) {
    yield {
      code: 'NOT_SECURE_CONTEXT',
      severity: 'error',
      message: 'The page is not a secure context.',
      advice: 'Serve it by https, or from localhost.',
    };
  }
  if (framed) {
    yield {
      code: 'FRAME_NOT_ISOLATED',
      severity: 'error',
      message: 'The page is in a frame, which is isolated only if the page around it is.',
      advice:
        'Send both headers with the outer page, too; for a frame of another origin it needs allow="cross-origin-isolated".',
    };
  } else if (headers !== undefined && wrong.length === 0 && secureContext !== false) {
    yield {
      code: 'ISOLATION_REFUSED',
      severity: 'error',
      message: 'The headers are sent, but the browser does not isolate the page.',
      advice: whyRefused(environment),
    };
  }
}

/** The headers that are known to be missing or other ones. */
function wrongHeaders({ context, framed, headers }: Environment): SeenHeader[] {
  if (headers === undefined) return [];
  const names = Object.keys(HEADERS) as SeenHeader[];
  // For workers and frames the opener's counts for nothing.
  const inTab = context === 'window' && !framed;
  return names.filter((name) => (inTab || name !== OPENER) && !isolates(name, headers[name]));
}

function isolates(header: SeenHeader, value: string | null): boolean {
  // Where reports go follows behind a semicolon.
  const policy = value?.split(';')[0]?.trim() ?? '';
  if (header === OPENER) return policy === 'same-origin';
  return policy === 'require-corp' || policy === 'credentialless';
}

function whyRefused({ context, headers }: Environment): string {
  if (context === 'dedicated worker') {
    return 'A worker is isolated only if its page is: call doctor() there.';
  }
  if (headers?.[EMBEDDER]?.startsWith('credentialless')) {
    return `Send ${EMBEDDER}: require-corp, since not all browsers know credentialless.`;
  }
  return 'Look for a Permissions-Policy that withholds cross-origin-isolated; load the page anew, not from a cache.';
}

function* engine(environment: Environment): Iterable<Finding> {
  const { sharedArrayBuffer, growth, reservable, crossOriginIsolated, node } = environment;
  if (node !== undefined && Number.parseInt(node, 10) < OLDEST_NODE) {
    yield {
      code: 'NODE_TOO_OLD',
      severity: 'error',
      message: `This is Node ${node}.`,
      advice: `Use Node ${OLDEST_NODE} or later.`,
    };
  }
  if (!sharedArrayBuffer) {
    if (crossOriginIsolated !== false) {
      yield {
        code: 'NO_SHARED_ARRAY_BUFFER',
        severity: 'error',
        message: 'There is no SharedArrayBuffer.',
        advice:
          'Use a current browser. One that is built on WebKitGTK has it if its environment sets JSC_useSharedArrayBuffer=1.',
      };
    }
  } else if (!growth) {
    yield {
      code: 'NO_GROWABLE_SHARED_ARRAY_BUFFER',
      severity: 'warning',
      message: 'This engine cannot grow a SharedArrayBuffer in place.',
      advice:
        'Pass createRuntime() allowFixedCapacityFallback: true and small capacities, or use a current browser.',
    };
  } else if (reservable < DEFAULT_RESERVATIONS * GIB) {
    yield {
      code: 'RESERVATION_REFUSED',
      severity: 'warning',
      message: `Only ${reservable / GIB} GiB of address space could be reserved; a runtime takes some ${DEFAULT_RESERVATIONS} GiB by default.`,
      advice:
        'Pass createRuntime() a smaller maxDatabaseCapacityBytes and maxWriteAheadCapacityBytes; dispose of runtimes that are not needed.',
    };
  }
  const { webAssembly, wasmSimd, wasmBigInt } = environment;
  if (webAssembly !== 'available') {
    const missing = webAssembly === 'missing';
    yield {
      code: missing ? 'NO_WEB_ASSEMBLY' : 'WEB_ASSEMBLY_REFUSED',
      severity: 'error',
      message: missing ? 'There is no WebAssembly.' : 'WebAssembly may not be compiled here.',
      advice: missing
        ? 'Use a current browser, without a lockdown mode.'
        : "Add 'wasm-unsafe-eval' to script-src of the Content-Security-Policy.",
    };
    return;
  }
  for (const [there, code, what] of [
    [wasmSimd, 'NO_WASM_SIMD', 'vectors (SIMD)'],
    [wasmBigInt, 'NO_WASM_BIGINT', 'integers of 64 bits for JavaScript'],
  ] as const) {
    if (there) continue;
    yield {
      code,
      severity: 'error',
      message: `This engine's WebAssembly has no ${what}.`,
      advice: 'Use a current browser.',
    };
  }
}

function* context(environment: Environment): Iterable<Finding> {
  const { context: kind, webLocks, atomicsWait, atomicsWaitAsync, moduleWorkers } = environment;
  if (kind === 'shared worker' || kind === 'service worker') {
    yield {
      code: 'CONTEXT_CANNOT_SHARE',
      severity: 'error',
      message: `This is a ${kind}. A browser hands shared memory only to the page that made it and to that page's dedicated workers.`,
      advice: 'Open the database in a dedicated worker of the page, and send messages to that.',
    };
  }
  if (kind === 'window' && !atomicsWait) {
    yield {
      code: 'NEVER_WAITS',
      severity: 'info',
      message:
        'The main thread of a page must not wait for a lock: where another connection is in the way, it gets SQLITE_BUSY at once.',
      advice: 'Write in workers.',
    };
  }
  if (webLocks !== 'available' && environment.node === undefined) {
    yield {
      code: 'NO_WEB_LOCKS',
      severity: 'warning',
      message: `Web Locks are ${webLocks}: that a worker has ended cannot be proven, only guessed from its silence.`,
      advice:
        'Use a secure context, and a frame that is not sandboxed. Otherwise choose lockStaleMs of createRuntime().',
    };
  }
  if (!atomicsWaitAsync) {
    yield {
      code: 'NO_WAIT_ASYNC',
      severity: 'info',
      message: 'This engine has no Atomics.waitAsync: an idle connection hears of requests later.',
      advice: 'Nothing needs to be done.',
    };
  }
  if (moduleWorkers === false) {
    yield {
      code: 'NO_MODULE_WORKERS',
      severity: 'warning',
      message: 'This browser has no workers that are modules.',
      advice: 'Have a bundler make classic scripts of the workers.',
    };
  }
}
