// Stock drivers of query builders in Node: the same files as in browsers (`tests/pages/drivers.js`), and
// what reads folders.
import 'sharedwal/better-sqlite3/register';
import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { createRuntime } from 'sharedwal';
import Database, { init } from 'sharedwal/better-sqlite3';
import { journal, migrations } from '../pages/drivers/migrations.js';

// Only from here on is `better-sqlite3` known.
const { checkDriver } = await import('../pages/workers/driver_tasks.js');
const { drizzle } = await import('drizzle-orm/better-sqlite3');
const { migrate } = await import('drizzle-orm/better-sqlite3/migrator');

for (const driver of ['kysely', 'drizzle']) {
  test(driver, async () => {
    const { checks } = await checkDriver({ driver });
    assert.ok(checks.length > 10);
    const failed = checks.filter((check) => !check.ok);
    assert.equal(failed.map(({ name, detail }) => `${name}: ${detail}`).join('\n'), '');
  });
}

test("Drizzle's migrate() reads its folder", async () => {
  const folder = await mkdtemp(join(tmpdir(), 'sharedwal-migrations-'));
  try {
    await mkdir(join(folder, 'meta'));
    await writeFile(join(folder, 'meta', '_journal.json'), JSON.stringify(journal));
    for (const { idx, tag } of journal.entries) {
      await writeFile(join(folder, `${tag}.sql`), String(migrations[`m000${idx}`]));
    }
    await init({ runtimes: [createRuntime({ name: 'migrated' })] });
    const db = drizzle('migrated');
    migrate(db, { migrationsFolder: folder });
    migrate(db, { migrationsFolder: folder });
    const other = new Database('migrated');
    const tables = other.prepare("select name from sqlite_schema where type = 'table' order by 1");
    assert.deepEqual(tables.pluck().all(), [
      '__drizzle_migrations',
      'posts',
      'sqlite_sequence',
      'users',
    ]);
    const applied = other.prepare('select created_at from __drizzle_migrations order by 1').pluck();
    assert.deepEqual(
      applied.all(),
      journal.entries.map(({ when }) => when),
    );
    other.close();
    db.$client.close();
  } finally {
    await rm(folder, { recursive: true });
  }
});
