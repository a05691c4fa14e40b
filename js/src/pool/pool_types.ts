// What the methods of a pool take and return.

import type { RunResult } from '../statement.js';
import type { CallOptions } from './call_options.js';
import type { Parameters } from './protocol.js';
import type { AnyRow } from './transaction.js';

/** A statement of {@link Pool.batch}: what {@link sql} makes, the same by hand, or SQL alone. */
export type BatchStatement = string | { readonly sql: string; readonly params?: Parameters };

/** What a statement of {@link Pool.batch} came to. */
export interface BatchResult<Row = AnyRow> extends RunResult {
  /** Its rows, if it returns any. */
  rows: Row[];
}

/** Options of {@link Pool.stream}. */
export interface StreamOptions extends CallOptions {
  /**
   * How many rows a batch has at the most. It has fewer if they have more than 1 MiB of text and
   * blobs together. Default 500.
   */
  batchRows?: number | undefined;
}

/** A worker of a pool, as {@link Pool.workers} tells of it. */
export interface PoolWorkerInfo {
  /** What it is for. */
  role: 'reader' | 'writer';
  /** The id of its connection in `diagnostics(runtime)`; null while it is being started. */
  connectionId: number | null;
  /** What it is doing. */
  state: 'starting' | 'idle' | 'busy';
  /** Requests that it has answered. */
  answered: number;
}
