import { createRuntime } from 'sharedwal';
import { createPool } from 'sharedwal/pool';

/** The database, in shared memory: gone with the page. */
export const runtime = createRuntime({ name: 'todos' });

/** Two workers that read, one that writes. Each connection makes sure that the table is there. */
export const pool = createPool(runtime, {
  readers: 2,
  setup: `CREATE TABLE IF NOT EXISTS todos (
    id INTEGER PRIMARY KEY,
    title TEXT NOT NULL,
    done INTEGER NOT NULL DEFAULT 0
  )`,
});
