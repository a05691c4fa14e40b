// @ts-check
// Kysely's own SqliteDialect, as it comes, on sharedwal/better-sqlite3.
import { Kysely, Migrator, ParseJSONResultsPlugin, SqliteDialect, sql } from 'kysely';
import { jsonArrayFrom } from 'kysely/helpers/sqlite';

/**
 * @typedef {object} Tables
 * @property {{ id: import('kysely').Generated<number>, name: string, age: number | null }} person
 * @property {{ id: import('kysely').Generated<number>, owner: number, name: string }} pet
 */

/** @type {Record<string, import('kysely').Migration>} */
const steps = {
  '001_person': {
    up: async (db) => {
      await db.schema
        .createTable('person')
        .addColumn('id', 'integer', (column) => column.primaryKey().autoIncrement())
        .addColumn('name', 'text', (column) => column.notNull().unique())
        .addColumn('age', 'integer')
        .execute();
    },
    down: (db) => db.schema.dropTable('person').execute(),
  },
  '002_pet': {
    up: async (db) => {
      await db.schema
        .createTable('pet')
        .addColumn('id', 'integer', (column) => column.primaryKey())
        .addColumn('owner', 'integer', (column) =>
          column.notNull().references('person.id').onDelete('cascade'),
        )
        .addColumn('name', 'text', (column) => column.notNull())
        .execute();
      await db.schema.createIndex('pet_owner').on('pet').column('owner').execute();
    },
    down: (db) => db.schema.dropTable('pet').execute(),
  },
};

/**
 * @param {import('../support/report.js').Report} report
 * @param {import('./types.js').Env} env
 */
export async function kysely(report, env) {
  /** @type {Kysely<Tables>} */
  const db = new Kysely({
    dialect: new SqliteDialect({ database: new env.Database(env.name) }),
    plugins: [new ParseJSONResultsPlugin()],
  });
  await report.part('migrations', () => migrates(report, db));
  await report.part('queries', () => queries(report, db));
  await report.part('transactions', () => transactions(report, db));
  await report.part('streams', () => streams(report, db));
  await report.part('two connections', () => shared(report, db, env));
  await db.destroy();
  await report.rejects('destroyed', () => db.selectFrom('person').selectAll().execute(), {
    message: /destroyed/,
  });
}

/**
 * @param {import('../support/report.js').Report} report
 * @param {Kysely<Tables>} db
 */
async function migrates(report, db) {
  /** @param {Record<string, import('kysely').Migration>} migrations */
  const migrator = (migrations) =>
    new Migrator({ db, provider: { getMigrations: async () => migrations } });
  const first = await migrator(steps).migrateToLatest();
  report.equal('no error', first.error, undefined);
  report.equal(
    'both ran',
    first.results?.map(({ migrationName, status }) => [migrationName, status]),
    [
      ['001_person', 'Success'],
      ['002_pet', 'Success'],
    ],
  );
  const tables = async () => (await db.introspection.getTables()).map(({ name }) => name).sort();
  report.equal('the tables', await tables(), ['person', 'pet']);
  report.equal('again: nothing', (await migrator(steps).migrateToLatest()).results, []);
  const failing = {
    ...steps,
    '003_fails': {
      up: async (/** @type {Kysely<any>} */ db) => {
        await sql`insert into nowhere values (1)`.execute(db);
      },
    },
  };
  const failed = await migrator(failing).migrateToLatest();
  const { code, message } = /** @type {Error & { code?: string }} */ (failed.error);
  report.equal('a failure is told', [code, message], ['SQLITE_ERROR', 'no such table: nowhere']);
  await migrator(steps).migrateDown();
  report.equal('down', await tables(), ['person']);
  await migrator(steps).migrateToLatest();
  report.equal('and up', await tables(), ['person', 'pet']);
}

/**
 * @param {import('../support/report.js').Report} report
 * @param {Kysely<Tables>} db
 */
async function queries(report, db) {
  const ada = await db
    .insertInto('person')
    .values({ name: 'Ada', age: 36 })
    .returningAll()
    .executeTakeFirstOrThrow();
  report.equal('insert returning', ada, { id: 1, name: 'Ada', age: 36 });
  const inserted = await db
    .insertInto('person')
    .values([
      { name: 'Grace', age: 85 },
      { name: 'Edsger', age: null },
    ])
    .executeTakeFirst();
  report.equal('insert', [inserted.insertId, inserted.numInsertedOrUpdatedRows], [3n, 2n]);
  await db
    .insertInto('pet')
    .values([
      { owner: 1, name: 'Bit' },
      { owner: 1, name: 'Byte' },
      { owner: 2, name: 'Bug' },
    ])
    .execute();
  const joined = await db
    .selectFrom('person')
    .innerJoin('pet', 'pet.owner', 'person.id')
    .select(['person.name as person', 'pet.name as pet'])
    .where('person.age', '<', 50)
    .orderBy('pet.name', 'desc')
    .execute();
  report.equal('join', joined, [
    { person: 'Ada', pet: 'Byte' },
    { person: 'Ada', pet: 'Bit' },
  ]);
  const counted = await db
    .selectFrom('person')
    .leftJoin('pet', 'pet.owner', 'person.id')
    .select((eb) => ['person.name', eb.fn.count('pet.id').as('pets')])
    .groupBy('person.id')
    .having((eb) => eb.fn.count('pet.id'), '<', 2)
    .orderBy('person.id')
    .execute();
  report.equal('group by', counted, [
    { name: 'Grace', pets: 1 },
    { name: 'Edsger', pets: 0 },
  ]);
  const nested = await db
    .selectFrom('person')
    .select((eb) => [
      'name',
      jsonArrayFrom(
        eb
          .selectFrom('pet')
          .select('pet.name')
          .whereRef('pet.owner', '=', 'person.id')
          .orderBy('id'),
      ).as('pets'),
    ])
    .where('id', 'in', [1, 3])
    .orderBy('id')
    .execute();
  report.equal('nested rows', nested, [
    { name: 'Ada', pets: [{ name: 'Bit' }, { name: 'Byte' }] },
    { name: 'Edsger', pets: [] },
  ]);
  const updated = await db
    .updateTable('person')
    .set((eb) => ({ age: eb('age', '+', 1) }))
    .where('age', 'is not', null)
    .executeTakeFirst();
  report.equal('update', updated.numUpdatedRows, 2n);
  const upserted = await db
    .insertInto('person')
    .values({ name: 'Ada', age: 1 })
    .onConflict((conflict) => conflict.column('name').doUpdateSet({ age: 37 }))
    .returning(['id', 'age'])
    .execute();
  report.equal('upsert', upserted, [{ id: 1, age: 37 }]);
  const deleted = await db.deleteFrom('person').where('name', '=', 'Edsger').executeTakeFirst();
  report.equal('delete', deleted.numDeletedRows, 1n);
  const raw = await sql`select ${'text'} as a, ${null} as b, ${1.5} as c`.execute(db);
  report.equal('raw SQL', raw.rows, [{ a: 'text', b: null, c: 1.5 }]);
  await report.rejects(
    'errors are those of the database',
    () => db.insertInto('person').values({ name: 'Ada', age: 1 }).execute(),
    { type: 'SqliteError', code: 'SQLITE_CONSTRAINT_UNIQUE' },
  );
}

/**
 * @param {import('../support/report.js').Report} report
 * @param {Kysely<Tables>} db
 */
async function transactions(report, db) {
  const names = async () =>
    (await db.selectFrom('person').select('name').orderBy('id').execute()).map(({ name }) => name);
  /** @param {Kysely<Tables>} to @param {string} name */
  const add = (to, name) => to.insertInto('person').values({ name, age: 0 }).execute();
  const answer = await db.transaction().execute(async (trx) => {
    await add(trx, 'Alan');
    return (await trx.selectFrom('person').selectAll().execute()).length;
  });
  report.equal('committed', [answer, await names()], [3, ['Ada', 'Grace', 'Alan']]);
  await report.rejects(
    'one that throws',
    () =>
      db.transaction().execute(async (trx) => {
        await add(trx, 'Nobody');
        throw new Error('enough');
      }),
    { message: 'enough' },
  );
  report.equal('is rolled back', await names(), ['Ada', 'Grace', 'Alan']);
  const outer = await db.startTransaction().execute();
  await add(outer, 'Barbara');
  const inner = await outer.savepoint('inner').execute();
  await add(inner, 'Lost');
  await inner.rollbackToSavepoint('inner').execute();
  const second = await outer.savepoint('second').execute();
  await add(second, 'Tony');
  await second.releaseSavepoint('second').execute();
  await outer.commit().execute();
  report.equal('nested', await names(), ['Ada', 'Grace', 'Alan', 'Barbara', 'Tony']);
  const given = await db.startTransaction().execute();
  await add(given, 'Up');
  await given.rollback().execute();
  report.equal('given up', (await names()).length, 5);
}

/**
 * @param {import('../support/report.js').Report} report
 * @param {Kysely<Tables>} db
 */
async function streams(report, db) {
  await db
    .insertInto('pet')
    .columns(['owner', 'name'])
    .expression(
      sql`with recursive n (i) as (select 1 union all select i + 1 from n limit 5000)
          select 2, 'pet ' || i from n`,
    )
    .execute();
  let [count, last] = [0, ''];
  for await (const { name } of db.selectFrom('pet').select('name').orderBy('id').stream()) {
    count++;
    last = name;
  }
  report.equal('all rows', [count, last], [5003, 'pet 5000']);
  for await (const { id } of db.selectFrom('pet').select('id').stream()) if (id === 10) break;
  report.equal(
    'left in its middle',
    (await db.deleteFrom('pet').where('owner', '=', 2).executeTakeFirst()).numDeletedRows,
    5001n,
  );
}

/**
 * @param {import('../support/report.js').Report} report
 * @param {Kysely<Tables>} db
 * @param {import('./types.js').Env} env
 */
async function shared(report, db, { Database, name }) {
  /** @type {Kysely<Tables>} */
  const other = new Kysely({
    dialect: new SqliteDialect({ database: async () => new Database(name) }),
  });
  const count = async () =>
    Number((await other.selectFrom('person').select(sql`count(*)`.as('n')).executeTakeFirst())?.n);
  report.equal('of one runtime', await count(), 5);
  await db.transaction().execute(async (trx) => {
    await trx.deleteFrom('person').where('id', '>', 1).execute();
    report.equal('each reads its own snapshot', await count(), 5);
  });
  report.equal('and what is committed', await count(), 1);
  await other.destroy();
  /** @type {Kysely<Tables>} */
  const own = new Kysely({ dialect: new SqliteDialect({ database: new Database(':memory:') }) });
  await own.schema.createTable('person').addColumn('id', 'integer').execute();
  report.equal('a private one', await own.selectFrom('person').selectAll().execute(), []);
  await own.destroy();
}
