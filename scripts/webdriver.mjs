// A browser that only speaks WebDriver (https://www.w3.org/TR/webdriver2/), which is WebKitGTK:
// started with its driver and a display, and as much of the protocol as a page of this repository
// needs: open it, and ask it something.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from './free-port.mjs';
import { Stop } from './setup/report.mjs';

/** How long the X server and the driver may take until they answer, on a machine that is busy. */
const START_MS = 60_000;

/** The longest that a command may take: a page is asked when its main thread comes to it. */
const COMMAND_MS = 5 * 60_000;
/** Until a browser is there. */
const SESSION_MS = 40_000;

/** How often a page is asked for what it is to leave. */
const LOOK_MS = 100;

/**
 * WebKitGTK has shared memory switched off unless its environment says otherwise. Without a GPU it
 * draws by the processor.
 */
const ENVIRONMENT = { JSC_useSharedArrayBuffer: '1', LIBGL_ALWAYS_SOFTWARE: '1' };

/** @typedef {import('./setup/webkit.mjs').WebKit} WebKit */
/** @typedef {import('node:child_process').ChildProcess} ChildProcess */

/** One window of the browser, with a process and a profile of its own. */
export class Session {
  #address;
  /** What the browser calls itself. */
  version;

  /**
   * @param {string} address of the session in the driver
   * @param {string} version
   */
  constructor(address, version) {
    this.#address = address;
    this.version = version;
  }

  /**
   * Goes to a page and waits until it has loaded.
   * @param {string} url
   */
  async open(url) {
    await command('POST', `${this.#address}/url`, { url });
  }

  /**
   * Runs the body of a function in the page.
   * @param {string} script
   * @param {...unknown} args JSON
   * @returns {Promise<any>} what it returns, as JSON
   */
  execute(script, ...args) {
    return command('POST', `${this.#address}/execute/sync`, { script, args });
  }

  /**
   * What the page leaves in a global of that name; undefined if it did not in that time.
   * @param {string} name
   * @param {number} timeout in ms
   * @returns {Promise<any>}
   */
  async global(name, timeout) {
    const end = performance.now() + timeout;
    // As text: not every driver carries large objects or undefined members as they are.
    const look =
      'return arguments[0] in globalThis ? JSON.stringify(globalThis[arguments[0]]) : null';
    while (performance.now() < end) {
      const text = await this.execute(look, name);
      if (text !== null) return JSON.parse(text);
      await sleep(LOOK_MS);
    }
    return undefined;
  }

  async close() {
    await command('DELETE', this.#address);
  }
}

/**
 * Starts the driver, which starts a browser for each session.
 * @param {WebKit} webkit
 */
export async function startWebKit({ driver, display }) {
  /** @type {ChildProcess[]} */
  const running = [];
  const close = async () => {
    for (const child of running.reverse()) await ended(child);
  };
  try {
    /** @type {Record<string, string | undefined>} */
    const env = { ...process.env, ...ENVIRONMENT };
    if (display) {
      const server = await startDisplay(display, running);
      Object.assign(env, { DISPLAY: server, WAYLAND_DISPLAY: undefined, GDK_BACKEND: 'x11' });
    }
    let address = await startDriver(driver, env, running);
    /** Tries once more with another driver: under load a browser does not always come up. */
    const open = async () => {
      try {
        return await newSession(address);
      } catch {
        const hung = running.pop();
        if (hung) await ended(hung);
        address = await startDriver(driver, env, running);
        return newSession(address);
      }
    };
    return { newSession: open, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/**
 * @param {string} file
 * @param {ChildProcess[]} running
 * @returns {Promise<string>} its name, as in `DISPLAY`
 */
async function startDisplay(file, running) {
  // It takes a number that is free and writes it to the third file.
  const args = ['-displayfd', '3', '-screen', '0', '1280x1024x24', '-nolisten', 'tcp'];
  const server = spawn(file, args, { stdio: ['ignore', 'ignore', 'ignore', 'pipe'] });
  running.push(server);
  const output = /** @type {import('node:stream').Readable} */ (server.stdio[3]);
  const signal = AbortSignal.timeout(START_MS);
  const failed = once(server, 'exit', { signal }).then(() => {
    throw new Stop(`${file} did not start.`);
  });
  const [number] = await Promise.race([once(output, 'data', { signal }), failed]);
  failed.catch(() => {});
  return `:${String(number).trim()}`;
}

/**
 * @param {string} file
 * @param {Record<string, string | undefined>} env
 * @param {ChildProcess[]} running
 * @returns {Promise<string>} its address
 */
async function startDriver(file, env, running) {
  const address = `http://127.0.0.1:${await freePort()}`;
  const driver = spawn(file, [`--port=${new URL(address).port}`], { env, stdio: 'ignore' });
  running.push(driver);
  const end = performance.now() + START_MS;
  while (performance.now() < end && driver.exitCode === null) {
    const { ready } = await command('GET', `${address}/status`).catch(() => ({ ready: false }));
    if (ready) return address;
    await sleep(LOOK_MS);
  }
  throw new Stop(`${file} did not start.`);
}

/**
 * @param {string} driver
 * @returns {Promise<Session>}
 */
async function newSession(driver) {
  const wanted = { capabilities: { alwaysMatch: {} } };
  const answer = await command('POST', `${driver}/session`, wanted, SESSION_MS);
  const { sessionId, capabilities } = answer;
  return new Session(`${driver}/session/${sessionId}`, capabilities.browserVersion);
}

/**
 * @param {string} method
 * @param {string} address
 * @param {object} [body]
 * @param {number} [timeout] in ms
 * @returns {Promise<any>}
 */
async function command(method, address, body, timeout = COMMAND_MS) {
  const response = await fetch(address, {
    method,
    ...(body ? { body: JSON.stringify(body) } : {}),
    signal: AbortSignal.timeout(timeout),
  });
  const { value } = /** @type {{ value: any }} */ (await response.json());
  if (!response.ok) throw new Error(`WebDriver: ${value.error}: ${value.message}`);
  return value;
}

/** @param {ChildProcess} child */
async function ended(child) {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const end = once(child, 'exit');
  child.kill();
  await end;
}
