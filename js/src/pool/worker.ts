// A worker of a pool: does what it is asked on a connection of its own, one request after another.
// It knows nothing of other workers, and decides nothing but which statements write.

import type { Database } from '../database.js';
import { ownError, SqliteError, typeError } from '../errors.js';
import { open } from '../open.js';
import type { RowIterator } from '../row_iterator.js';
import { SAFE_INTEGERS_ADVICE } from '../rows.js';
import type { RunResult, Statement } from '../statement.js';
import type { SqlValue } from '../values.js';
import { describe, type ErrorMessage } from './error_message.js';
import { holdForLife } from './life_lock.js';
import {
  type AnswerMessage,
  type Kind,
  type QueryResult,
  type RequestMessage,
  type Requests,
  type Results,
  type RowsMessage,
  type StatementMessage,
  type StatementResult,
  WRITES,
} from './protocol.js';
import { largeBuffers, RowsToPost } from './row_message.js';

/** About how many bytes of text and blobs a batch of rows has at the most, besides its last row. */
const BATCH_BYTES = 1024 * 1024;

const POOL_ADVICE = 'Use the option safeIntegers: true of the call or of the pool to get bigints';

type RawStatement = Statement<unknown[], SqlValue[]>;

/** Rows that are being read, on a connection that nothing else uses meanwhile. */
interface Stream {
  readonly db: Database;
  readonly statement: RawStatement;
  readonly iterator: RowIterator<SqlValue[]>;
}

type Handlers = {
  [K in Kind]: (body: Requests[K], id: number) => Results[K] | Promise<Results[K]>;
};

/** Answers the requests of a pool. */
export class PoolWorker {
  #opened: Requests['open'] | undefined;
  #db: Database | undefined;
  readonly #streams = new Map<number, Stream>();
  /** A connection for the next stream. */
  #spare: Database | undefined;

  readonly #handlers: Handlers = {
    hello: ({ lock }) => holdForLife(lock),
    open: async (body) => {
      this.#opened = body;
      this.#db = await this.#connect();
      return { connection: this.#db.connectionId };
    },
    query: (body) => this.#query(body),
    run: (body) => this.#execute(body.inTransaction, () => this.#run(body, body.safeIntegers)),
    exec: ({ sql, inTransaction }) =>
      this.#execute(inTransaction, () => void this.#database.exec(sql)),
    batch: (body, id) => this.#batch(body, id),
    begin: ({ mode }) => void this.#database.exec(`BEGIN ${mode}`),
    commit: () => this.#execute(true, () => void this.#database.exec('COMMIT')),
    rollback: () => void this.#rollBack(),
    stream: (body, id) => this.#stream(body, id),
    pull: ({ stream, rows }) => this.#pull(stream, rows),
    cancel: ({ stream }) => this.#end(stream),
    close: () => {
      for (const id of this.#streams.keys()) this.#end(id);
      this.#spare?.close();
      this.#db?.close();
    },
  };

  /** @param post sends an answer */
  constructor(readonly post: (answer: AnswerMessage, transfer: ArrayBuffer[]) => void) {}

  /** Does what a message asks, and answers it. */
  async answer({ id, kind, body }: RequestMessage): Promise<void> {
    try {
      this.#requireWanted(id);
      const handler = this.#handlers[kind] as (body: unknown, id: number) => unknown;
      const pending = handler(body, id);
      // What is not asynchronous is answered before the next message is looked at.
      const result = (pending instanceof Promise ? await pending : pending) as Results[Kind];
      const rows = typeof result === 'object' && 'values' in result ? [result] : [];
      const all: readonly RowsMessage[] = Array.isArray(result) ? result : rows;
      this.post({ id, result }, all.flatMap(largeBuffers));
    } catch (error) {
      this.post({ id, error: advised(describe(error)) }, []);
    }
  }

  get #database(): Database {
    if (this.#db === undefined) throw typeError('There is no connection', 'CONNECTION_CLOSED');
    return this.#db;
  }

  async #connect(): Promise<Database> {
    const { runtime, wasmModule, options, readonly, setup } = this.#opened as Requests['open'];
    const db = await open(runtime, { ...options, wasmModule });
    try {
      if (setup !== undefined) db.exec(setup);
      if (readonly) db.pragma('query_only = on');
    } catch (error) {
      db.close();
      throw error;
    }
    return db;
  }

  /** An interrupt ends a statement that runs; this, what has not begun to run. */
  #requireWanted(id: number): void {
    const { cancelled } = this.#opened ?? {};
    if (cancelled !== undefined && Atomics.load(cancelled, 0) === id) {
      throw new SqliteError('interrupted', 'SQLITE_INTERRUPT');
    }
  }

  #prepare({ sql }: StatementMessage, db = this.#database): RawStatement {
    return db.prepare<unknown[], SqlValue[]>(sql);
  }

  /** Whether another worker has to execute a statement. */
  #refuses(statement: RawStatement): boolean {
    return this.#opened?.readonly === true && !statement.readonly;
  }

  // Transactions are the pool's: what follows on this connection may be of somebody else.
  #execute<T>(inTransaction: boolean, work: () => T): T {
    const db = this.#database;
    if (inTransaction && !db.inTransaction) {
      throw ownError('TRANSACTION_ENDED', 'An error or a statement has ended it');
    }
    let result: T;
    try {
      result = work();
    } catch (error) {
      if (!inTransaction) this.#rollBack();
      throw error;
    }
    if (!inTransaction && this.#rollBack()) {
      throw typeError(
        'A statement left a transaction open, which was rolled back: use pool.transaction() or ' +
          'pool.batch()',
        'INVALID_ARGUMENT',
      );
    }
    return result;
  }

  /** Whether there was anything to roll back. */
  #rollBack(): boolean {
    const { inTransaction } = this.#database;
    if (inTransaction) this.#database.exec('ROLLBACK');
    return inTransaction;
  }

  #query(body: Requests['query']): QueryResult | typeof WRITES {
    const statement = this.#prepare(body);
    if (this.#refuses(statement)) return WRITES;
    const rows = this.#execute(body.inTransaction, () => this.#rows(statement, body));
    return body.tables ? { ...rows, tables: statement.tables().reads } : rows;
  }

  #rows(
    statement: RawStatement,
    { params, safeIntegers }: { params: StatementMessage['params']; safeIntegers: boolean },
  ): RowsMessage {
    const collected = new RowsToPost();
    if (!statement.reader) {
      statement.run(params);
      return collected.message([]);
    }
    for (const row of statement.raw().safeIntegers(safeIntegers).all(params)) collected.add(row);
    return collected.message(columnNames(statement));
  }

  #run(message: StatementMessage, safeIntegers: boolean): RunResult {
    return this.#prepare(message).safeIntegers(safeIntegers).run(message.params);
  }

  #batch({ statements, safeIntegers }: Requests['batch'], id: number): StatementResult[] {
    const db = this.#database;
    const all = db.transaction(() =>
      statements.map((message) => {
        this.#requireWanted(id);
        const result = this.#statementOfBatch(message, safeIntegers);
        if (!db.inTransaction) {
          throw ownError('TRANSACTION_ENDED', 'A statement of the batch has ended it');
        }
        return result;
      }),
    );
    return this.#execute(false, () => all.immediate());
  }

  #statementOfBatch(message: StatementMessage, safeIntegers: boolean): StatementResult {
    const statement = this.#prepare(message);
    if (!statement.reader) {
      return { ...new RowsToPost().message([]), ...this.#run(message, safeIntegers) };
    }
    const rows = this.#rows(statement, { params: message.params, safeIntegers });
    return { ...rows, ...changesOf(this.#database, statement.readonly, safeIntegers) };
  }

  async #stream(body: Requests['stream'], id: number): Promise<Results['stream']> {
    if (this.#refuses(this.#prepare(body))) return WRITES;
    // Taken at once: a stream that ends while another connection is opened leaves its own here.
    const spare = this.#spare;
    this.#spare = undefined;
    const db = spare ?? (await this.#connect());
    try {
      this.#requireWanted(id);
      const statement = this.#prepare(body, db);
      const iterator = statement.raw().safeIntegers(body.safeIntegers).iterate(body.params);
      this.#streams.set(id, { db, statement, iterator });
    } catch (error) {
      this.#keep(db);
      throw error;
    }
    return { stream: id, connection: db.connectionId };
  }

  #pull(id: number, maxRows: number): Results['pull'] {
    const stream = this.#streams.get(id);
    const collected = new RowsToPost();
    if (stream === undefined) return { ...collected.message([]), done: true };
    let done = false;
    try {
      while (collected.rows < maxRows && collected.bytes < BATCH_BYTES) {
        const next = stream.iterator.next();
        done = next.done === true;
        if (next.done) break;
        collected.add(next.value);
      }
    } catch (error) {
      this.#end(id);
      throw error;
    }
    const message = collected.message(columnNames(stream.statement));
    if (done) this.#end(id);
    return { ...message, done };
  }

  #end(id: number): undefined {
    const stream = this.#streams.get(id);
    if (stream === undefined) return;
    this.#streams.delete(id);
    stream.iterator.return();
    this.#keep(stream.db);
  }

  #keep(db: Database): void {
    if (this.#spare === undefined) this.#spare = db;
    else db.close();
  }
}

/** What connections advise to call is an option here. */
function advised(error: ErrorMessage): ErrorMessage {
  const ours = (text: string) => text.replace(SAFE_INTEGERS_ADVICE, POOL_ADVICE);
  const { message, stack } = error;
  return { ...error, message: ours(message), stack: stack && ours(stack) };
}

function columnNames(statement: RawStatement): string[] {
  return statement.columns().map(({ name }) => name);
}

/** What the statement that was executed last has changed. */
function changesOf(db: Database, readonly: boolean, safeIntegers: boolean): RunResult {
  const [changes, lastInsertRowid] = db
    .prepare<[], [number, number | bigint]>('SELECT changes(), last_insert_rowid()')
    .raw()
    .safeIntegers(safeIntegers)
    .get() as [number, number | bigint];
  return { changes: readonly ? 0 : Number(changes), lastInsertRowid };
}
