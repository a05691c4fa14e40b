// @ts-check
/**
 * @typedef {object} Env
 * @property {typeof import('sharedwal/better-sqlite3').default} Database
 * @property {string} name of a registered runtime without a database
 */
export {};
