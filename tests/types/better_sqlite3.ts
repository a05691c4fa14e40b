// Compiles, or the stand-in has not the types that code for better-sqlite3 uses. Nothing runs it.
import Database, {
  type InitOptions,
  init,
  type RunResult,
  SqliteError,
  type Database as Type,
} from 'better-sqlite3';
import { drizzle } from 'drizzle-orm/better-sqlite3';
import { Kysely, SqliteDialect } from 'kysely';

interface Row {
  id: number;
  name: string;
}

export async function uses(options: InitOptions): Promise<Type> {
  await init(options);
  const db: Database.Database = new Database('app', {
    readonly: true,
    timeout: 10,
    verbose: console.log,
  });
  const called: Database.Database = Database(':memory:', {} satisfies Database.Options);
  const insert: Database.Statement<[string]> = db.prepare<[string]>('insert into t values (?)');
  const { changes, lastInsertRowid }: Database.RunResult = insert.run('x');
  const same: RunResult = { changes, lastInsertRowid };
  const byName: Database.Statement<{ name: string }, Row> = db.prepare(
    'select * from t where name = :name',
  );
  const row: Row | undefined = byName.get({ name: 'x' });
  const columns: Database.ColumnDefinition[] = byName.columns();
  for (const { id } of byName.iterate({ name: 'x' })) id.toFixed(changes);
  const many: Database.Transaction<(names: string[]) => void> = db.transaction(
    (names: string[]) => {
      for (const name of names) insert.run(name);
    },
  );
  many(['x']);
  many.immediate(['x']);
  const progress: Database.BackupMetadata = await called.backup('app', { progress: () => 10 });
  const bytes: Uint8Array = db.serialize({ attached: 'main' });
  try {
    db.exec('nonsense').pragma('user_version', { simple: true });
  } catch (error) {
    if (error instanceof Database.SqliteError || error instanceof SqliteError) error.code.trim();
  }
  class Mine extends Database {
    answer(): unknown {
      return this.prepare('select 42').pluck().get();
    }
  }
  new Mine(bytes).close();
  new Kysely<{ t: Row }>({ dialect: new SqliteDialect({ database: db }) });
  drizzle(db).$client.exec('select 1');
  const result: RunResult = drizzle({ client: called }).run('select 1');
  // @ts-expect-error Drizzle knows what running answers
  result.nothing;
  // @ts-expect-error a number is no database
  new Database(5);
  // @ts-expect-error there is no such option
  new Database('app', { readOnly: true });
  // @ts-expect-error a row has no such column
  row?.nothing;
  return [columns, progress, same].length > 0 ? db : called;
}
