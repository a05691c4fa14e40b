// Runs commands: quietly into a log while saying how far they are, or on the terminal.
import { spawn, spawnSync } from 'node:child_process';
import { createWriteStream, existsSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { logFile, root } from './paths.mjs';
import { Stop, say } from './report.mjs';

/** @typedef {Record<string, string | undefined>} Environment */
/** @typedef {{ env?: Environment, cwd?: string }} Options */
/** @typedef {Options & { minutes?: number }} QuietOptions minutes: the longest that it may take */

/** How often a long command's last line is shown. */
const HEARTBEAT_MS = 15_000;

/** What hangs is to fail, and to say where. */
const LIMIT_MINUTES = 30;

/** How much of a failed command's output is shown; the log has all of it. */
const TAIL_LINES = 80;

/**
 * Asks a program something; what it printed, or undefined when it is missing or fails.
 * @param {string} command
 * @param {string[]} args
 * @param {Options & { timeout?: number }} [options]
 * @returns {string | undefined}
 */
export function ask(command, args, { env = process.env, cwd = root, timeout = 60_000 } = {}) {
  const result = spawnSync(command, args, {
    env,
    cwd,
    timeout,
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  return result.status === 0 ? result.stdout.trim() : undefined;
}

/**
 * Runs a long command with its output in a log, saying its latest line now and then; stops the
 * script with the log's tail when the command fails.
 * @param {string} what for people: "building wasm-pack 0.15.1"
 * @param {string} command
 * @param {string[]} args
 * @param {Options & { topic?: string }} [options]
 */
export async function runLogged(what, command, args, options = {}) {
  const topic = options.topic ?? 'setup';
  say(topic, what);
  const log = logFile(what);
  const outcome = await runQuietly(command, args, log, options, (line) =>
    say(topic, `  ... ${line}`),
  );
  if (outcome.status !== 0) {
    throw new Stop(
      `${outcome.tail}\n\nFailed: ${what}\nCommand: ${[command, ...args].join(' ')}\nLog: ${log}`,
    );
  }
}

/**
 * @param {string} command
 * @param {string[]} args
 * @param {string} log
 * @param {QuietOptions} options
 * @param {(line: string) => void} onHeartbeat
 * @returns {Promise<{ status: number, tail: string }>}
 */
export function runQuietly(command, args, log, options, onHeartbeat) {
  const { env = process.env, cwd = root, minutes = LIMIT_MINUTES } = options;
  return new Promise((resolve) => {
    // A process group of its own, to end what it started too.
    const detached = process.platform !== 'win32';
    const child = spawn(command, args, { env, cwd, detached, stdio: ['ignore', 'pipe', 'pipe'] });
    const file = createWriteStream(log);
    /** @type {string[]} */
    let lines = [];
    let rest = '';
    const take = (/** @type {Buffer} */ chunk) => {
      file.write(chunk);
      const parts = (rest + chunk.toString()).split(/[\r\n]+/);
      rest = parts.pop() ?? '';
      lines = [...lines, ...parts.filter((part) => part.trim() !== '')].slice(-TAIL_LINES);
    };
    child.stdout.on('data', take);
    child.stderr.on('data', take);
    const heartbeat = setInterval(() => {
      const line = lines.at(-1);
      if (line) onHeartbeat(line.trim().slice(0, 120));
    }, HEARTBEAT_MS);
    const end = () => {
      if (child.pid === undefined) return;
      try {
        process.kill(detached ? -child.pid : child.pid, 'SIGKILL');
      } catch {
        // It has just ended by itself.
      }
    };
    const limit = setTimeout(() => {
      take(Buffer.from(`Error: ended, since it took longer than ${minutes} minutes\n`));
      end();
    }, minutes * 60_000);
    // A group of its own does not get the terminal's Ctrl-C.
    const quit = () => process.exit(130);
    process.on('exit', end).once('SIGINT', quit).once('SIGTERM', quit);
    const finish = (/** @type {number} */ status) => {
      clearInterval(heartbeat);
      clearTimeout(limit);
      process.off('exit', end).off('SIGINT', quit).off('SIGTERM', quit);
      file.end(() => resolve({ status, tail: [...lines, rest].join('\n').trim() }));
    };
    child.on('error', (error) => {
      take(Buffer.from(`${error.message}\n`));
      finish(127);
    });
    child.on('close', (code) => finish(code ?? 1));
  });
}

/**
 * Runs a command on the terminal; its exit status.
 * @param {string} command
 * @param {string[]} args
 * @param {Options} [options]
 * @returns {Promise<number>}
 */
export function runShown(command, args, { env = process.env, cwd = root } = {}) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { env, cwd, stdio: ['ignore', 'inherit', 'inherit'] });
    child.on('error', (error) => {
      console.error(error.message);
      resolve(127);
    });
    child.on('close', (code) => resolve(code ?? 1));
  });
}

/**
 * The first file of that name on PATH.
 * @param {string} name
 * @param {Environment} [env]
 */
export function onPath(name, env = process.env) {
  const suffixes = process.platform === 'win32' ? ['.exe', '.cmd', ''] : [''];
  for (const directory of (env.PATH ?? env.Path ?? '').split(delimiter)) {
    for (const suffix of suffixes) {
      const file = join(directory, name + suffix);
      if (directory !== '' && existsSync(file)) return file;
    }
  }
  return undefined;
}

/**
 * How to run npm: its own script under this node, since `npm.cmd` on Windows needs a shell, and a
 * shell needs quoting.
 * @returns {{ command: string, args: string[] }}
 */
export function npm() {
  const besideNode = join(dirname(process.execPath), 'node_modules', 'npm', 'bin', 'npm-cli.js');
  for (const script of [process.env.npm_execpath, besideNode]) {
    if (script?.endsWith('npm-cli.js') && existsSync(script)) {
      return { command: process.execPath, args: [script] };
    }
  }
  return { command: 'npm', args: [] };
}
