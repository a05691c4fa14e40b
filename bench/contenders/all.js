// @ts-check
import { contender as officialBehindMessages } from './official_behind_messages.js';
import { contender as officialDirect } from './official_direct.js';
import { contender as sharedwal } from './sharedwal.js';

/** Of one workload, all other figures are compared to this contender's. */
export const baseline = officialDirect.name;

/** @type {import('../session.js').Contender[]} */
export const contenders = [sharedwal, officialDirect, officialBehindMessages];
