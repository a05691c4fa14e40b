// @ts-check
// One of the console's workers: a connection of its own, and the statements that are run in it.
import { open } from '../../dist/index.js';
import { answerCalls } from '../job/protocol.js';
import { splitStatements, withoutLeadingComments } from './statements.js';

/**
 * @typedef {import('../../dist/index.js').SqlValue} SqlValue
 *
 * What came of one statement.
 * @typedef {{ sql: string, ms: number } & (Rows | Plan | Done | Failure)} Outcome
 * @typedef {{ kind: 'rows', columns: Column[], rows: SqlValue[][], more: boolean }} Rows `more`: these are
 *   the first ones
 * @typedef {{ kind: 'plan', steps: PlanStep[] }} Plan
 * @typedef {{ kind: 'done', changes: number | undefined }} Done `changes`: of a statement that changes rows
 * @typedef {{ kind: 'error', code: string, message: string }} Failure
 * @typedef {{ name: string, type: string | null }} Column `type`: as declared, null for an expression
 * @typedef {{ id: number, parent: number, detail: string }} PlanStep
 */

/** Nobody reads more of them on a page. */
export const MAX_ROWS = 10_000;

/** @type {import('../../dist/index.js').Database | undefined} */
let db;

function opened() {
  if (db === undefined) throw new Error('the worker is not connected');
  return db;
}

/** @param {{ runtime: import('../../dist/index.js').Runtime, wasmModule: WebAssembly.Module }} args */
async function connect({ runtime, wasmModule }) {
  db = await open(runtime, { wasmModule });
  return db.connectionId;
}

/**
 * Runs statements up to the first one that fails.
 *
 * @param {{ sql: string, plan: boolean }} args `plan`: shows how SQLite would run them instead
 * @returns {{ outcomes: Outcome[], inTransaction: boolean }}
 */
function run({ sql, plan }) {
  /** @type {Outcome[]} */
  const outcomes = [];
  for (const text of splitStatements(sql)) {
    const statement = withoutLeadingComments(text);
    const explains = /^explain\b/i.test(statement);
    const start = performance.now();
    const result = attempt(plan && !explains ? `explain query plan ${statement}` : statement);
    outcomes.push({ sql: text, ms: performance.now() - start, ...result });
    if (result.kind === 'error') break;
  }
  return { outcomes, inTransaction: opened().inTransaction };
}

/**
 * @param {string} sql
 * @returns {Rows | Plan | Done | Failure}
 */
function attempt(sql) {
  try {
    return execute(sql);
  } catch (error) {
    const { code, message } = /** @type {{ code?: string, message?: string }} */ (error);
    return { kind: 'error', code: code ?? '', message: message ?? String(error) };
  }
}

/**
 * @param {string} sql
 * @returns {Rows | Plan | Done}
 */
function execute(sql) {
  const statement = opened().prepare(sql);
  if (!statement.reader) {
    const { changes } = statement.run();
    return {
      kind: 'done',
      changes: /^(insert|update|delete|replace|with)\b/i.test(sql) ? changes : undefined,
    };
  }
  const columns = statement.columns().map(({ name, type }) => ({ name, type }));
  /** @type {SqlValue[][]} */
  const rows = [];
  let more = false;
  for (const row of statement.safeIntegers().raw().iterate()) {
    if (rows.length === MAX_ROWS) {
      more = true;
      break;
    }
    rows.push(/** @type {SqlValue[]} */ (row));
  }
  if (/^explain\s+query\s+plan\b/i.test(sql)) {
    return {
      kind: 'plan',
      steps: rows.map(([id, parent, , detail]) => ({
        id: Number(id),
        parent: Number(parent),
        detail: String(detail),
      })),
    };
  }
  return { kind: 'rows', columns, rows, more };
}

answerCalls({ connect, run });
