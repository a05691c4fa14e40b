// @ts-check
// The worker of every client: opens a session of one contender and runs one workload's tasks on it.
import { contenders } from './contenders/all.js';
import { PAGE_BYTES, pragmas, SHOWN_PRAGMAS } from './settings.js';
import { workloads } from './workloads/all.js';

/**
 * @typedef {{ contender: string, workload: string, invitation: unknown, alone: boolean, cachePages: number }} Opening
 * @typedef {{ id: number, task: string, args: any }} Call
 * @typedef {{ id: number, result?: any, error?: string }} Answer
 */

/**
 * @template T
 * @param {T | undefined} value
 * @param {string} what
 * @returns {T}
 */
function existing(value, what) {
  if (value === undefined) throw new Error(`there is no ${what}`);
  return value;
}

/** @type {import('./session.js').Session | undefined} */
let session;
/** @type {import('./session.js').Workload['tasks']} */
let tasks = {};

/** @param {Opening} opening */
async function open({ contender, workload, invitation, alone, cachePages }) {
  const adapter = existing(
    contenders.find(({ name }) => name === contender),
    contender,
  );
  ({ tasks } = existing(
    workloads.find(({ name }) => name === workload),
    workload,
  ));
  session = await adapter.openSession(invitation, alone);
  await session.exec(pragmas(cachePages));
  const description = await describe(session);
  const { page_size, cache_size } = description.pragmas;
  if (page_size !== PAGE_BYTES || cache_size !== cachePages) {
    throw new Error(`pages have ${page_size} bytes, and the cache has ${cache_size} of them`);
  }
  return description;
}

/** @param {import('./session.js').Session} session */
async function describe(session) {
  const [version] = await session.all('select sqlite_version() as sqlite');
  /** @type {Record<string, import('./session.js').Value>} */
  const settings = {};
  for (const pragma of SHOWN_PRAGMAS) {
    const [row] = await session.all(`pragma ${pragma}`);
    settings[pragma] = row ? (Object.values(row)[0] ?? null) : null;
  }
  return { sqlite: String(version?.sqlite), pragmas: settings };
}

/**
 * What went wrong beside the calls: it fails the call that it is found at. A library that is closed
 * in the middle of a checkpoint of its own has one fail then, of which nothing is measured.
 *
 * @type {unknown[]}
 */
const strayed = [];
globalThis.addEventListener('unhandledrejection', (event) => {
  event.preventDefault();
  strayed.push(event.reason);
});

globalThis.addEventListener('message', async (/** @type {MessageEvent<Call>} */ event) => {
  const { id, task, args } = event.data;
  /** @type {Answer} */
  let answer;
  try {
    let result;
    if (task === 'open') result = await open(args);
    else if (task === 'close') await session?.close();
    else result = await existing(tasks[task], task)(existing(session, 'session'), args);
    if (task !== 'close' && strayed.length > 0) throw strayed[0];
    answer = { id, result };
  } catch (error) {
    answer = { id, error: error instanceof Error ? `${error}\n${error.stack}` : String(error) };
  }
  postMessage(answer);
});
