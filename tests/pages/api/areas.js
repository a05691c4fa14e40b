// @ts-check
import { aggregates } from './aggregates.js';
import { backup } from './backup.js';
import { close } from './close.js';
import { dropIn } from './drop_in.js';
import { errors } from './errors.js';
import { interrupts } from './interrupts.js';
import { iterate } from './iterate.js';
import { options } from './options.js';
import { parameters } from './parameters.js';
import { pragma } from './pragma.js';
import { privateDatabases } from './private.js';
import { safeIntegers } from './safe_integers.js';
import { serialize } from './serialize.js';
import { statements } from './statements.js';
import { transactions } from './transactions.js';
import { userCode } from './user_code.js';
import { userFunctions } from './user_functions.js';
import { values } from './values.js';
import { virtualTables } from './virtual_tables.js';

/** @type {Record<string, (report: import('../support/report.js').Report, env: import('./types.js').Env) => Promise<void>>} */
export const areas = {
  values,
  parameters,
  statements,
  transactions,
  iterate,
  interrupts,
  errors,
  safeIntegers,
  pragma,
  close,
  options,
  userFunctions,
  aggregates,
  virtualTables,
  userCode,
  privateDatabases,
  serialize,
  backup,
  dropIn,
};
