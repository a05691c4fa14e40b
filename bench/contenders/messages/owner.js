// @ts-check
// The worker that has the database, and executes one statement a message, or one for each of a list.

import { wasmBytes } from '../../wasm_memory.js';
import { openOfficialInOpfs } from '../official/opfs_session.js';
import { openOfficial } from '../official/session.js';

/**
 * @typedef {import('../../session.js').Value} Value
 * @typedef {{ id: number, method: 'exec' | 'run' | 'get' | 'all' | 'databaseBytes', sql: string, values: Value[] }} Single
 * @typedef {{ id: number, method: 'runTogether', sql: string, values: Value[][] }} Together
 * @typedef {Single | Together} Call
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
function answerOf(session, call) {
  const { id, sql } = call;
  try {
    let result;
    switch (call.method) {
      case 'exec':
        session.exec(sql);
        break;
      case 'run':
        session.run(sql, [call.values]);
        break;
      case 'runTogether':
        session.runTogether(sql, call.values);
        break;
      case 'get':
        session.get(sql, call.values, (row) => {
          result = row;
        });
        break;
      case 'databaseBytes':
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
