// @ts-check
import { contender as officialBehindMessages } from './official_behind_messages.js';
import { contender as officialDirect } from './official_direct.js';
import { contender as officialOpfsBehindMessages } from './official_opfs_behind_messages.js';
import { contender as sharedwal } from './sharedwal.js';
import { contender as waSqliteMemory } from './wa_sqlite_memory.js';
import { contender as waSqliteWriteAhead } from './wa_sqlite_write_ahead.js';

/**
 * Of one workload, all other figures are compared to those of the first of these that has some: of who
 * shares nothing, else of what people do today.
 */
export const baselines = [officialDirect.name, officialBehindMessages.name];

/** @type {import('../session.js').Contender[]} */
export const contenders = [
  sharedwal,
  officialDirect,
  officialBehindMessages,
  officialOpfsBehindMessages,
  waSqliteMemory,
  waSqliteWriteAhead,
];
