// @ts-check
// Drizzle's own better-sqlite3 driver, as it comes, which finds sharedwal/better-sqlite3 under that name.
import { asc, count, eq, gt, relations, sql } from 'drizzle-orm';
import { drizzle as connect } from 'drizzle-orm/better-sqlite3';
import { migrate } from 'drizzle-orm/durable-sqlite/migrator';
import { integer, sqliteTable, text } from 'drizzle-orm/sqlite-core';
import { journal, migrations } from './migrations.js';

const users = sqliteTable('users', {
  id: integer('id').primaryKey({ autoIncrement: true }),
  name: text('name').notNull().unique(),
  joined: integer('joined', { mode: 'timestamp' }).notNull(),
  admin: integer('admin', { mode: 'boolean' }).notNull().default(false),
  settings: text('settings', { mode: 'json' }),
});
const posts = sqliteTable('posts', {
  id: integer('id').primaryKey({ autoIncrement: true }),
  author: integer('author')
    .notNull()
    .references(() => users.id, { onDelete: 'cascade' }),
  title: text('title').notNull(),
});
const schema = {
  users,
  posts,
  usersRelations: relations(users, ({ many }) => ({ posts: many(posts) })),
  postsRelations: relations(posts, ({ one }) => ({
    author: one(users, { fields: [posts.author], references: [users.id] }),
  })),
};
const joined = new Date('2026-01-02T03:04:05Z');

/** @typedef {import('drizzle-orm/better-sqlite3').BetterSQLite3Database<typeof schema>} Drizzle */

/**
 * @param {import('../support/report.js').Report} report
 * @param {import('./types.js').Env} env
 */
export async function drizzle(report, { Database, name }) {
  const client = new Database(name);
  const db = connect({ client, schema });
  await report.part('bundled migrations', () => bundled(report, db));
  await report.part('queries', () => queries(report, db));
  await report.part('relations', () => relational(report, db));
  await report.part('prepared', () => prepared(report, db));
  await report.part('transactions', () => transactions(report, db));
  await report.part('ways to connect', () => ways(report, name));
  client.close();
}

/**
 * @param {import('../support/report.js').Report} report
 * @param {Drizzle} db
 */
async function bundled(report, db) {
  const tables = () =>
    db
      .all(sql`select name from sqlite_schema where type = 'table' order by name`)
      .map((row) => /** @type {{ name: string }} */ (row).name)
      .filter((name) => !name.startsWith('sqlite_'));
  const first = { ...journal, entries: journal.entries.slice(0, 1) };
  await migrate(/** @type {any} */ (db), { journal: first, migrations });
  report.equal('the first', tables(), ['__drizzle_migrations', 'users']);
  await migrate(/** @type {any} */ (db), { journal, migrations });
  report.equal('and the second', tables(), ['__drizzle_migrations', 'posts', 'users']);
  await migrate(/** @type {any} */ (db), { journal, migrations });
  report.equal('each once', db.values(sql`select count(*) from __drizzle_migrations`), [[2]]);
  const entry = { idx: 2, version: '6', when: 1_732_000_200_000, tag: '0002', breakpoints: true };
  const broken = {
    journal: { ...journal, entries: [...journal.entries, entry] },
    migrations: {
      ...migrations,
      m0002: 'CREATE TABLE half (x);--> statement-breakpoint\nINSERT INTO nowhere VALUES (1);',
    },
  };
  await report.rejects('a broken one', () => migrate(/** @type {any} */ (db), broken), {});
  report.equal('is undone', tables(), ['__drizzle_migrations', 'posts', 'users']);
}

/**
 * @param {import('../support/report.js').Report} report
 * @param {Drizzle} db
 */
function queries(report, db) {
  const ada = { name: 'Ada', joined, admin: true, settings: { theme: 'dark' } };
  report.equal('insert returning', db.insert(users).values(ada).returning().get(), {
    id: 1,
    ...ada,
  });
  const run = db
    .insert(users)
    .values([
      { name: 'Grace', joined },
      { name: 'Alan', joined },
    ])
    .run();
  report.equal('insert', run, { changes: 2, lastInsertRowid: 3 });
  db.insert(posts)
    .values([
      { author: 1, title: 'Notes' },
      { author: 1, title: 'More notes' },
      { author: 2, title: 'Bugs' },
    ])
    .run();
  report.equal('select', db.select({ name: users.name }).from(users).where(gt(users.id, 1)).all(), [
    { name: 'Grace' },
    { name: 'Alan' },
  ]);
  const found = db.select().from(users).where(eq(users.name, 'Grace')).get();
  report.equal('types', found, { id: 2, name: 'Grace', joined, admin: false, settings: null });
  const rows = db
    .select({ name: users.name, title: posts.title })
    .from(users)
    .leftJoin(posts, eq(posts.author, users.id))
    .orderBy(asc(users.id), asc(posts.id))
    .all();
  report.equal('join', rows, [
    { name: 'Ada', title: 'Notes' },
    { name: 'Ada', title: 'More notes' },
    { name: 'Grace', title: 'Bugs' },
    { name: 'Alan', title: null },
  ]);
  const counted = db
    .select({ author: posts.author, posts: count() })
    .from(posts)
    .groupBy(posts.author)
    .having(gt(count(), 1))
    .all();
  report.equal('group by', counted, [{ author: 1, posts: 2 }]);
  report.equal(
    'values',
    db.select({ id: users.id }).from(users).orderBy(users.id).limit(2).values(),
    [[1], [2]],
  );
  const updated = db
    .update(users)
    .set({ settings: [1, 2] })
    .where(eq(users.id, 3))
    .returning({ settings: users.settings })
    .all();
  report.equal('update returning', updated, [{ settings: [1, 2] }]);
  const upserted = db
    .insert(users)
    .values({ name: 'Ada', joined })
    .onConflictDoUpdate({ target: users.name, set: { admin: false } })
    .returning({ id: users.id, admin: users.admin })
    .get();
  report.equal('upsert', upserted, { id: 1, admin: false });
  report.equal('delete', db.delete(users).where(eq(users.id, 3)).run().changes, 1);
  report.throws('a constraint', () => db.insert(users).values({ name: 'Ada', joined }).run(), {
    type: 'SqliteError',
    code: 'SQLITE_CONSTRAINT_UNIQUE',
  });
}

/**
 * @param {import('../support/report.js').Report} report
 * @param {Drizzle} db
 */
function relational(report, db) {
  const all = db.query.users
    .findMany({ columns: { name: true }, with: { posts: { columns: { title: true } } } })
    .sync();
  report.equal('many', all, [
    { name: 'Ada', posts: [{ title: 'Notes' }, { title: 'More notes' }] },
    { name: 'Grace', posts: [{ title: 'Bugs' }] },
  ]);
  const one = db.query.posts
    .findFirst({ where: eq(posts.title, 'Bugs'), with: { author: true } })
    .sync();
  report.equal(
    'one',
    [one?.title, one?.author.name, one?.author.joined],
    ['Bugs', 'Grace', joined],
  );
  report.equal(
    'none',
    db.query.posts.findFirst({ where: eq(posts.title, 'nothing') }).sync(),
    undefined,
  );
}

/**
 * @param {import('../support/report.js').Report} report
 * @param {Drizzle} db
 */
function prepared(report, db) {
  const byName = db
    .select({ id: users.id })
    .from(users)
    .where(eq(users.name, sql.placeholder('name')))
    .prepare();
  report.equal('get', byName.get({ name: 'Grace' }), { id: 2 });
  report.equal('and again', byName.get({ name: 'Ada' }), { id: 1 });
  report.equal('all', byName.all({ name: 'nobody' }), []);
  const insert = db
    .insert(posts)
    .values({ author: sql.placeholder('author'), title: sql.placeholder('title') })
    .returning({ id: posts.id })
    .prepare();
  report.equal('insert', insert.get({ author: 2, title: 'Compilers' }), { id: 4 });
}

/**
 * @param {import('../support/report.js').Report} report
 * @param {Drizzle} db
 */
function transactions(report, db) {
  const titles = () => db.select({ t: posts.title }).from(posts).all().length;
  const before = titles();
  /** @param {string} title */
  const post = (title) => ({ author: 1, title });
  const answer = db.transaction((tx) => {
    tx.insert(posts).values(post('one')).run();
    return tx.select({ n: count() }).from(posts).get()?.n;
  });
  report.equal('committed', [answer, titles()], [before + 1, before + 1]);
  report.throws(
    'rolled back',
    () =>
      db.transaction((tx) => {
        tx.insert(posts).values(post('two')).run();
        tx.rollback();
      }),
    { type: 'TransactionRollbackError' },
  );
  report.equal('is gone', titles(), before + 1);
  db.transaction(
    (tx) => {
      tx.insert(posts).values(post('kept')).run();
      try {
        tx.transaction((nested) => {
          nested.insert(posts).values(post('lost')).run();
          throw new Error('enough');
        });
      } catch {
        tx.insert(posts).values(post('instead')).run();
      }
      tx.transaction((nested) => nested.insert(posts).values(post('nested')).run());
    },
    { behavior: 'immediate' },
  );
  report.equal('nested', titles(), before + 4);
}

/**
 * @param {import('../support/report.js').Report} report
 * @param {string} name
 */
function ways(report, name) {
  const byName = connect(name, { schema });
  report.equal('by its name', byName.select({ n: count() }).from(users).get(), { n: 2 });
  const own = connect();
  report.equal('a private one', own.values(sql`select count(*) from sqlite_schema`), [[0]]);
  const readonly = connect({ connection: { source: name, readonly: true } });
  report.throws('with options', () => readonly.delete(users).run(), {
    type: 'SqliteError',
    code: 'SQLITE_READONLY',
  });
  for (const { $client } of [byName, own, readonly]) $client.close();
}
