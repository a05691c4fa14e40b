import { createRuntime } from 'sharedwal';
import { createPool } from 'sharedwal/pool';

const runtime = createRuntime({ name: 'pool' });
const pool = createPool(runtime, { readers: 2 });
await pool.run('CREATE TABLE numbers (n INTEGER)');
await pool.run('INSERT INTO numbers VALUES (?), (?), (?)', [1, 2, 3]);
console.log({ pool: await pool.query('SELECT n FROM numbers ORDER BY n') });
