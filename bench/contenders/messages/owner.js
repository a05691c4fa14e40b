// @ts-check
// The worker that has the database, and executes one statement a message.

import { wasmBytes } from '../../wasm_memory.js';
import { openOfficialInOpfs } from '../official/opfs_session.js';
import { openOfficial } from '../official/session.js';

/**
 * @typedef {import('../../session.js').Value} Value
 * @typedef {{ id: number, method: 'exec' | 'run' | 'get' | 'all' | 'ownerBytes', sql: string, values: Value[] }} Call
 * @typedef {{ id: number, result?: any, error?: string }} Answer
 */

const directory = new URL(import.meta.url).searchParams.get('directory');
const opening = directory ? openOfficialInOpfs(directory) : openOfficial();

globalThis.addEventListener('message', ({ ports: [port] }) => {
  if (!port) return;
  const early = /** @type {Call[]} */ ([]);
  port.onmessage = ({ data }) => early.push(data);
  const begin = (/** @type {(call: Call) => Answer} */ answerOf) => {
    const answer = (/** @type {Call} */ call) => port.postMessage(answerOf(call));
    port.onmessage = ({ data }) => answer(data);
    for (const call of early) answer(call);
  };
  opening.then(
    (session) => begin((call) => answerOf(session, call)),
    (reason) => begin(({ id }) => ({ id, error: String(reason) })),
  );
});

/**
 * @param {import('../../session.js').Session} session
 * @param {Call} call
 * @returns {Answer}
 */
function answerOf(session, { id, method, sql, values }) {
  try {
    let result;
    switch (method) {
      case 'exec':
        session.exec(sql);
        break;
      case 'run':
        session.run(sql, [values]);
        break;
      case 'get':
        session.get(sql, values, (row) => {
          result = row;
        });
        break;
      case 'ownerBytes':
        result = wasmBytes();
        break;
      case 'all':
        result = session.all(sql);
        break;
    }
    return { id, result };
  } catch (error) {
    return { id, error: String(error) };
  }
}
