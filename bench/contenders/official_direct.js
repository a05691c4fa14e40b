// @ts-check
import { openOfficial } from './official/session.js';

/** @type {import('../session.js').Contender} */
export const contender = {
  name: 'official_direct',
  title: 'official sqlite-wasm, direct',
  about: '`:memory:` in the worker that uses it, by its C-style API; no other worker sees it',
  package: '@sqlite.org/sqlite-wasm',
  sessions: 1,
  can: ['open another'],
  createPlace: () => ({ invite: () => ({ invitation: null, transfer: [] }), end() {} }),
  openSession: openOfficial,
};
