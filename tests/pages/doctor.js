// @ts-check
// What doctor() says of contexts as they are, and of engines that lack something.
import { doctor } from '../../dist/doctor/index.js';
import { Report } from './support/report.js';

/** @typedef {import('../../dist/doctor/index.js').FindingCode} FindingCode */

export async function run() {
  const report = new Report();
  await report.part('here', () => here(report));
  await report.part('workers', () => workers(report));
  await report.part('frame', () => frame(report));
  await report.part('lacks', () => lacks(report));
  await report.part('headers', () => headers(report));
  await report.part('module workers', () => moduleWorkers(report));
  await report.part('recipes', () => recipes(report));
  return report.result();
}

/** @param {{ findings: readonly { code: string }[] }} diagnosis */
const codes = (diagnosis) => diagnosis.findings.map(({ code }) => code);

/** @param {Report} report */
async function here(report) {
  const diagnosis = await doctor();
  report.check('it works', diagnosis.ok, String(diagnosis));
  report.check('the main thread never waits', codes(diagnosis).includes('NEVER_WAITS'));
  report.check(
    'no warning',
    diagnosis.findings.every(({ severity }) => severity === 'info'),
  );
  const { environment } = diagnosis;
  report.figures.environment = environment;
  report.equal('context', environment.context, 'window');
  report.equal('location', environment.location, location.href);
  report.equal('headers', environment.headers, {
    'Cross-Origin-Opener-Policy': 'same-origin',
    'Cross-Origin-Embedder-Policy': 'require-corp',
  });
  const facts = [
    'crossOriginIsolated',
    'secureContext',
    'sharedArrayBuffer',
    'wasmSimd',
    'wasmBigInt',
    'moduleWorkers',
  ];
  for (const fact of facts) report.equal(fact, Reflect.get(environment, fact), true);
  report.equal(
    'growth',
    environment.growth,
    typeof SharedArrayBuffer.prototype.grow === 'function',
  );
  report.equal('Atomics.wait', environment.atomicsWait, false);
  report.equal('Web Locks', environment.webLocks, 'available');
  report.equal('memory', environment.reservable, 3 * 1024 ** 3);
  const text = String(diagnosis);
  report.check('as a text', /works here/.test(text) && /What cannot be:/.test(text), text);
  report.check('it can be posted', structuredClone(diagnosis).ok);
  report.check('and is JSON', JSON.parse(JSON.stringify(diagnosis)).ok === true);
}

/** What doctor() says in a worker. @param {(url: URL) => Promise<any>} start */
const inside = (start) => start(new URL('./workers/doctor_worker.js', import.meta.url));

/** @param {Report} report */
async function workers(report) {
  const dedicated = await inside((url) => {
    const worker = new Worker(url, { type: 'module' });
    return new Promise((resolve, reject) => {
      worker.onmessage = ({ data }) => resolve(data);
      worker.onerror = reject;
    }).finally(() => worker.terminate());
  });
  report.equal('dedicated: context', dedicated.environment.context, 'dedicated worker');
  report.equal('dedicated: it works', dedicated.ok, true);
  report.equal('dedicated: it may wait', dedicated.environment.atomicsWait, true);
  report.equal('dedicated: nothing is missing', codes(dedicated), []);
  const shared = await inside((url) => {
    const worker = new SharedWorker(url, { type: 'module' });
    return new Promise((resolve, reject) => {
      worker.port.onmessage = ({ data }) => resolve(data);
      worker.onerror = reject;
    });
  });
  report.equal('shared: context', shared.environment.context, 'shared worker');
  report.equal('shared: it does not work', shared.ok, false);
  report.check(
    'shared: no handle',
    codes(shared).includes('CONTEXT_CANNOT_SHARE'),
    `${codes(shared)}`,
  );
  const registration = await navigator.serviceWorker.register(
    new URL('./workers/doctor_worker.js', import.meta.url),
    { type: 'module' },
  );
  const worker = registration.installing ?? registration.waiting ?? registration.active;
  const service = await new Promise((resolve) => {
    navigator.serviceWorker.addEventListener('message', ({ data }) => resolve(data));
    navigator.serviceWorker.startMessages();
    worker?.postMessage('');
  });
  await registration.unregister();
  report.equal('service: context', service.environment.context, 'service worker');
  report.equal('service: it does not work', service.ok, false);
  report.check(
    'service: no handle',
    codes(service).includes('CONTEXT_CANNOT_SHARE'),
    `${codes(service)}`,
  );
}

/** @param {Report} report */
async function frame(report) {
  const element = document.createElement('iframe');
  element.srcdoc = `<script type="module">
    import { doctor } from '${new URL('../../dist/doctor/index.js', import.meta.url)}';
    parent.postMessage({ diagnosis: await doctor() }, '*');
  </script>`;
  const said = new Promise((resolve) => {
    addEventListener('message', ({ data }) => data?.diagnosis && resolve(data.diagnosis));
  });
  document.body.append(element);
  const diagnosis = await said;
  element.remove();
  report.equal('framed', diagnosis.environment.framed, true);
  report.equal('works in a frame of the page', diagnosis.ok, true);
}

/**
 * Has a property missing or another one meanwhile.
 *
 * @param {object} object
 * @param {string} name
 * @param {unknown} value
 * @param {() => Promise<unknown>} action
 */
async function without(object, name, value, action) {
  const own = Object.getOwnPropertyDescriptor(object, name);
  Object.defineProperty(object, name, { value, configurable: true, writable: true });
  try {
    await action();
  } finally {
    if (own) Object.defineProperty(object, name, own);
    else Reflect.deleteProperty(object, name);
  }
}

/** @param {Report} report */
async function lacks(report) {
  /** @type {[string, object, string, unknown, FindingCode, boolean][]} */
  const cases = [
    [
      'no growth',
      SharedArrayBuffer.prototype,
      'grow',
      undefined,
      'NO_GROWABLE_SHARED_ARRAY_BUFFER',
      true,
    ],
    [
      'no shared memory',
      globalThis,
      'SharedArrayBuffer',
      undefined,
      'NO_SHARED_ARRAY_BUFFER',
      false,
    ],
    ['no Web Locks', navigator, 'locks', undefined, 'NO_WEB_LOCKS', true],
    [
      'locks that are refused',
      navigator,
      'locks',
      { request: () => Promise.reject(new DOMException('no', 'SecurityError')) },
      'NO_WEB_LOCKS',
      true,
    ],
    ['no waitAsync', Atomics, 'waitAsync', undefined, 'NO_WAIT_ASYNC', true],
    ['no WebAssembly', globalThis, 'WebAssembly', undefined, 'NO_WEB_ASSEMBLY', false],
    [
      'a policy against it',
      WebAssembly,
      'Module',
      function refused() {
        throw new WebAssembly.CompileError('refused');
      },
      'WEB_ASSEMBLY_REFUSED',
      false,
    ],
    ['no vectors', WebAssembly, 'validate', () => false, 'NO_WASM_SIMD', false],
    [
      'no bigints',
      WebAssembly,
      'Instance',
      function instance() {
        return { exports: { f: () => 7 } };
      },
      'NO_WASM_BIGINT',
      false,
    ],
    ['not isolated', globalThis, 'crossOriginIsolated', false, 'NOT_CROSS_ORIGIN_ISOLATED', false],
    [
      'old workers',
      globalThis,
      'Worker',
      class {
        terminate() {}
      },
      'NO_MODULE_WORKERS',
      true,
    ],
  ];
  for (const [name, object, property, value, code, ok] of cases) {
    await without(object, property, value, async () => {
      const diagnosis = await doctor();
      const finding = diagnosis.findings.find((one) => one.code === code);
      report.check(name, finding !== undefined, `${codes(diagnosis)}`);
      report.equal(`${name}: ok`, diagnosis.ok, ok);
      report.check(
        `${name}: what to do`,
        (finding?.advice.length ?? 0) > 10 && String(diagnosis).includes(finding?.advice ?? '?'),
      );
    });
  }
  const small = class extends SharedArrayBuffer {
    /** @param {number} length @param {any} options */
    constructor(length, options) {
      if (options?.maxByteLength >= 1024 ** 3) throw new RangeError('no room');
      super(length, options);
    }
  };
  await without(globalThis, 'SharedArrayBuffer', small, async () => {
    const diagnosis = await doctor();
    report.check('no room', codes(diagnosis).includes('RESERVATION_REFUSED'));
    report.equal('no room: memory', diagnosis.environment.reservable, 0);
  });
  await without(
    globalThis,
    'fetch',
    () => Promise.reject(new TypeError('offline')),
    async () => {
      const diagnosis = await doctor();
      report.check('offline it works', diagnosis.ok && diagnosis.environment.headers === undefined);
    },
  );
}

/**
 * What is said of a page that is not isolated and whose server answers so.
 *
 * @param {ResponseInit} response
 */
async function notIsolated(response) {
  /** @type {readonly import('../../dist/doctor/index.js').Finding[]} */
  let findings = [];
  const answer = () => Promise.resolve(new Response(null, response));
  await without(globalThis, 'crossOriginIsolated', false, () =>
    without(globalThis, 'fetch', answer, async () => {
      ({ findings } = await doctor());
    }),
  );
  return findings.filter(({ code }) => ['HEADER_MISSING', 'ISOLATION_REFUSED'].includes(code));
}

/** @param {Report} report */
async function headers(report) {
  /** @param {string} opener @param {string} embedder */
  const sent = (opener, embedder) => ({
    headers: { 'Cross-Origin-Opener-Policy': opener, 'Cross-Origin-Embedder-Policy': embedder },
  });
  const missing = 'HEADER_MISSING';
  const refused = 'ISOLATION_REFUSED';
  /** @type {[string, ResponseInit, FindingCode[]][]} */
  const cases = [
    ['none', {}, [missing, missing]],
    ['weaker ones', sent('same-origin-allow-popups', 'unsafe-none'), [missing, missing]],
    ['both', sent('same-origin', 'require-corp'), [refused]],
    [
      'both, with reports',
      sent('same-origin; report-to="a"', 'require-corp;report-to="a"'),
      [refused],
    ],
    ['no answer to a HEAD', { status: 405 }, []],
  ];
  for (const [name, response, expected] of cases) {
    report.equal(name, codes({ findings: await notIsolated(response) }), expected);
  }
  const [credentialless] = await notIsolated(sent('same-origin', 'credentialless'));
  report.equal('credentialless', credentialless?.code, refused);
  report.check('what to do', credentialless?.advice.includes('require-corp') === true);
}

/** @param {Report} report */
async function moduleWorkers(report) {
  let started = 0;
  const counted = class extends Worker {
    /** @param {string | URL} script @param {WorkerOptions} [options] */
    constructor(script, options) {
      super(script, options);
      started++;
    }
  };
  const found = async () => (await doctor()).environment.moduleWorkers;
  await without(globalThis, 'Worker', counted, async () => {
    report.equal('an engine that knows them', await found(), true);
    report.equal('workers that were started to find that out', started, 0);
  });
  const refusing = class {
    /** @param {string | URL} _script @param {WorkerOptions} [options] */
    constructor(_script, options) {
      void options?.type;
      throw new DOMException('no', 'SecurityError');
    }
  };
  await without(globalThis, 'Worker', refusing, async () => {
    report.equal('a policy against workers', await found(), true);
  });
  const old = class {
    constructor() {
      throw new DOMException('no address', 'SyntaxError');
    }
  };
  await without(globalThis, 'Worker', old, async () => {
    report.equal('one that asks for no type', await found(), false);
  });
}

/** @param {Report} report */
async function recipes(report) {
  for (const host of /** @type {const} */ ([
    'vite',
    'webpack',
    'next',
    'nginx',
    'caddy',
    'netlify',
    'vercel',
    'cloudflare',
    'github-pages',
  ])) {
    const diagnosis = await doctor({ host });
    report.equal(`${host}: recipe`, diagnosis.recipe?.host, host);
    const text = String(diagnosis);
    report.check(
      `${host}: as a text`,
      (diagnosis.recipe?.files ?? []).every(({ path }) => text.includes(path)),
      text,
    );
  }
  const refused = { code: 'INVALID_OPTION', message: /nginx/ };
  await report.rejects(
    'an unknown host',
    () => doctor(/** @type {any} */ ({ host: 'apache' })),
    refused,
  );
  await report.rejects(
    'not of its own',
    () => doctor(/** @type {any} */ ({ host: 'toString' })),
    refused,
  );
  await report.rejects('an unknown option', () => doctor(/** @type {any} */ ({ hosts: 'vite' })), {
    code: 'INVALID_OPTION',
  });
}
