// @ts-check
/**
 * What the areas of the API tests get to work with. They run in a worker, and touch nothing but the
 * surface that sharedwal has in common with better-sqlite3, so that their expectations can be held
 * against that library, too; where sharedwal means to differ, the area asks `differs`.
 *
 * @typedef {import('../../../dist/index.js').Database} Database
 * @typedef {import('../../../dist/index.js').OpenOptions} OpenOptions
 * @typedef {import('../../../dist/index.js').SqliteError} SqliteError
 * @typedef {object} Env
 * @property {(options?: OpenOptions) => Promise<Database>} open a connection to an empty database
 * @property {(db: Database, options?: OpenOptions) => Promise<Database>} again another connection to the same one
 * @property {typeof import('../../../dist/index.js').SqliteError} SqliteError
 * @property {typeof import('../../../dist/index.js').open} openSource
 * @property {typeof import('../../../dist/index.js').createRuntime} createRuntime
 * @property {(runtime: import('../../../dist/index.js').Runtime) => number} connections open ones
 * @property {(runtime: import('../../../dist/index.js').Runtime) => string[]} states of the open connections
 * @property {typeof import('../../../dist/index.js').interrupt} interrupt
 * @property {typeof import('../../../dist/index.js').dispose} dispose
 * @property {typeof import('../../../dist/index.js').onCommit} onCommit
 * @property {typeof import('../../../dist/better_sqlite3.js').default} Database
 * @property {typeof import('../../../dist/better_sqlite3.js').init} init
 * @property {boolean} differs whether the library under test is sharedwal
 */
export {};
