// @ts-check
// What the benchmark asks of a contender, and what a workload is made of. Types alone.

/**
 * @template T
 * @typedef {T | Promise<T>} Awaitable
 */

/**
 * @typedef {null | number | string} Value
 * @typedef {Record<string, Value>} RowObject
 */

/**
 * A connection to the database of a run, in one worker. SQL is the same for all contenders, and so
 * is what comes back; how it is asked for is the adapter's business, in the fastest way that its
 * library documents. Statements are prepared once and kept.
 *
 * @typedef {object} Session
 * @property {(sql: string) => Awaitable<void>} exec executes any number of statements
 * @property {(sql: string, list: Value[][]) => Awaitable<void>} run executes a statement for each
 *   entry with its values as parameters, each after the one before is done and its success known
 * @property {(sql: string, list: Value[][]) => Awaitable<void>} runTogether the same, where nobody
 *   waits for single answers
 * @property {(sql: string, keys: Value[], visit: (row: RowObject) => void) => Awaitable<void>} get
 *   executes a query for each key, which must give one row, as an object
 * @property {(sql: string) => Awaitable<RowObject[]>} all all rows of a query, as objects
 * @property {() => Awaitable<() => Awaitable<Session>>} [another] makes ready what one more session
 *   on the same content needs, in the same worker, and returns what opens it
 * @property {() => Awaitable<number>} [databaseBytes] what the database takes outside of this worker's
 *   WebAssembly memory: that of the worker that has it, or shared memory
 * @property {() => Awaitable<void>} close
 */

/**
 * - `checkpoint`: it has a write-ahead log in memory, which `pragma wal_checkpoint` writes back
 * - `open another`: its sessions have `another`
 * - `see at once`: its sessions see commits of others without giving way to the event loop
 *
 * @typedef {'checkpoint' | 'open another' | 'see at once'} Need
 */

/**
 * Where a run has its database, as the page sees it.
 *
 * @typedef {object} Place
 * @property {() => { invitation: unknown, transfer: Transferable[] }} invite what one worker needs
 *   to open a session
 * @property {() => Awaitable<void>} end
 */

/**
 * A file in `contenders/`. Both functions are in it, since it is loaded by the page and by workers.
 *
 * @typedef {object} Contender
 * @property {string} name as in the results
 * @property {string} title
 * @property {string} about how it is used, in a sentence
 * @property {string} package name of the npm package
 * @property {number} sessions how many sessions one database can have
 * @property {Need[]} [can] what it can do that not all can
 * @property {boolean} [files] whether it keeps its database in the origin's private file system
 * @property {() => Awaitable<Place>} createPlace on the page
 * @property {(invitation: unknown, alone: boolean) => Promise<Session>} openSession in a worker; `alone`
 *   where the database has no other session
 */

/**
 * What a measured loop did.
 *
 * @typedef {{ done: number, milliseconds: number }} Measured
 */

/**
 * A worker of the run with its session open, as the page sees it.
 *
 * @typedef {object} Client
 * @property {(task: string, args?: unknown) => Promise<any>} call runs one of the workload's tasks
 * @property {(expected: unknown, milliseconds: number, task: string) => Promise<any>} callUntil runs one
 *   until it answers that, or for so long
 */

/**
 * What a workload works with on the page.
 *
 * @typedef {object} Stage
 * @property {Client[]} clients as many as the workload asked for
 * @property {number} sightMs after so long everybody has to see what was committed
 * @property {number} milliseconds how long to measure
 */

/**
 * @typedef {object} Measure
 * @property {string} unit
 * @property {boolean} [lessIsBetter]
 * @property {string} [title] where a workload has several
 */

/**
 * A file in `workloads/`: `run` is called on the page, and calls `tasks` in the workers. Both must
 * throw when the rows are not those that they have to be.
 *
 * @typedef {object} Workload
 * @property {string} name as in the results
 * @property {string} title
 * @property {Record<string, Measure>} measures what `run` returns, the most important one first
 * @property {number} sessions how many sessions it needs
 * @property {number} [cachePages] size of each session's page cache; the usual one if not given
 * @property {Need} [needs] what a contender must be able to do
 * @property {string} [against] the workload to which each contender's figures are compared; by
 *   default they are compared to a baseline's of the same workload
 * @property {(stage: Stage) => Promise<Record<string, number>>} run a figure for each measure
 * @property {Record<string, (session: Session, args: any) => Awaitable<unknown>>} tasks
 */

export {};
