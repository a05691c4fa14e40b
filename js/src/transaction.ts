import type { Database } from './database.js';
import { typeError } from './errors.js';
import type { Statement } from './statement.js';

/** Any function. Parameters without a type of their own are `any`, as in better-sqlite3's types. */
// biome-ignore lint/suspicious/noExplicitAny: `unknown` or `never` would forbid their use
export type AnyFunction = (this: any, ...args: any[]) => unknown;

/** A function that runs in a transaction, see {@link Database.transaction}. */
export interface Transaction<F extends AnyFunction> {
  (this: ThisParameterType<F>, ...args: Parameters<F>): ReturnType<F>;
  /** With `BEGIN`. */
  readonly default: Transaction<F>;
  /** With `BEGIN DEFERRED`: takes the write lock with its first write. */
  readonly deferred: Transaction<F>;
  /** With `BEGIN IMMEDIATE`: takes the write lock at once. */
  readonly immediate: Transaction<F>;
  /** With `BEGIN EXCLUSIVE`: as immediate in WAL mode, else keeps readers out too. */
  readonly exclusive: Transaction<F>;
  /** The database that it belongs to. */
  readonly database: Database;
}

const SAVEPOINT = '`\t_sharedwal.\t`';

/** What surrounds a transaction function. */
interface Control {
  before: Statement;
  after: Statement;
  undo: readonly Statement[];
}

/** The statements of all transactions of one database. */
class Controls {
  readonly #nested: Control;
  readonly #commit: Statement;
  readonly #rollback: Statement;

  constructor(readonly database: Database) {
    const release = database.prepare(`RELEASE ${SAVEPOINT}`);
    this.#nested = {
      before: database.prepare(`SAVEPOINT ${SAVEPOINT}`),
      after: release,
      undo: [database.prepare(`ROLLBACK TO ${SAVEPOINT}`), release],
    };
    this.#commit = database.prepare('COMMIT');
    this.#rollback = database.prepare('ROLLBACK');
  }

  /** Around the outermost function a transaction, inside of one a savepoint. */
  choose(begin: Statement): Control {
    if (this.database.inTransaction) return this.#nested;
    return { before: begin, after: this.#commit, undo: [this.#rollback] };
  }
}

const controlsByDatabase = new WeakMap<Database, Controls>();

function controlsOf(database: Database): Controls {
  let controls = controlsByDatabase.get(database);
  if (controls === undefined) {
    controls = new Controls(database);
    controlsByDatabase.set(database, controls);
  }
  return controls;
}

function isThenable(value: unknown): boolean {
  return typeof (value as { then?: unknown } | null | undefined)?.then === 'function';
}

function undoBy(database: Database, undo: readonly Statement[]): void {
  try {
    for (const statement of undo) statement.run();
  } catch (error) {
    // An iterator that failed meanwhile may have had it rolled back.
    if (database.inTransaction) throw error;
  }
}

/** The four versions of a function that runs in a transaction. */
export function wrapInTransaction<F extends AnyFunction>(
  database: Database,
  fn: F,
): Transaction<F> {
  const controls = controlsOf(database);

  const wrap = (beginSql: string) => {
    const begin = database.prepare(beginSql);
    return function sharedwalTransaction(this: unknown, ...args: unknown[]): unknown {
      const { before, after, undo } = controls.choose(begin);
      before.run();
      try {
        const result: unknown = Reflect.apply(fn, this, args);
        if (isThenable(result)) {
          throw typeError('Transaction function cannot return a promise', 'INVALID_ARGUMENT');
        }
        after.run();
        return result;
      } catch (error) {
        // SQLite rolls some failed transactions back by itself.
        if (database.inTransaction) undoBy(database, undo);
        throw error;
      }
    };
  };

  const versions = {
    default: wrap('BEGIN'),
    deferred: wrap('BEGIN DEFERRED'),
    immediate: wrap('BEGIN IMMEDIATE'),
    exclusive: wrap('BEGIN EXCLUSIVE'),
  };
  const properties = {
    default: { value: versions.default },
    deferred: { value: versions.deferred },
    immediate: { value: versions.immediate },
    exclusive: { value: versions.exclusive },
    database: { value: database, enumerable: true },
  };
  for (const version of Object.values(versions)) Object.defineProperties(version, properties);
  return versions.default as unknown as Transaction<F>;
}
