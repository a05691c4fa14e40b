// Drizzle's own driver, which imports `better-sqlite3`: by each bundler's alias that is the stand-in.
import { drizzle } from 'drizzle-orm/better-sqlite3';
import { createRuntime } from 'sharedwal';
import { init } from 'sharedwal/better-sqlite3';
import { doctor } from 'sharedwal/doctor';

await init({ runtimes: [createRuntime({ name: 'drizzle' })] });
// By name: a second copy of the stand-in would not know it.
console.log({ drizzle: drizzle('drizzle').all('PRAGMA journal_mode') });
console.log({ doctor: (await doctor()).ok });
