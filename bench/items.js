// @ts-check
// The rows of all workloads: an integer key, two texts and a float, 60 bytes or so.

/** @typedef {import('./session.js').Session} Session */

const TEXT = 'The quick brown fox jumps over the lazy dog, then over the next';

export const CREATE_ITEMS =
  'create table items (id integer primary key, name text not null, amount real not null, note text not null)';

export const INSERT_ITEM = 'insert into items (id, name, amount, note) values (?, ?, ?, ?)';

/** @param {number} id */
function amountOf(id) {
  return ((id * 7919) % 100_003) / 4;
}

/** @param {number} id */
function noteOf(id) {
  return TEXT.slice(0, 20 + (id % 32));
}

/**
 * @param {number} id
 * @returns {[number, string, number, string]}
 */
export function item(id) {
  return [id, `item ${id}`, amountOf(id), noteOf(id)];
}

/**
 * The items of `count` ids.
 *
 * @param {number} from
 * @param {number} count
 */
export function items(from, count) {
  return Array.from({ length: count }, (_, i) => item(from + i));
}

/**
 * Makes a table of the items 1 to `count`, with one message to wherever the database is.
 *
 * @param {Session} session
 * @param {number} count
 */
export async function fillItems(session, count) {
  await session.exec(`
    ${CREATE_ITEMS};
    begin immediate;
    insert into items
      with recursive ids(id) as (select 1 union all select id + 1 from ids where id < ${count})
      select id, 'item ' || id, (id * 7919 % 100003) / 4.0, substr('${TEXT}', 1, 20 + id % 32)
        from ids;
    commit;`);
}

/**
 * What is added up over rows, so that every value of every row is looked at: of texts the length,
 * and the last character, which an engine that has put a text together lazily must then find.
 *
 * @typedef {object} Sums
 * @property {number} rows
 * @property {number} ids
 * @property {number} amounts
 * @property {number} characters
 * @property {number} endings
 */

/** @returns {Sums} */
export function noSums() {
  return { rows: 0, ids: 0, amounts: 0, characters: 0, endings: 0 };
}

/**
 * @param {Sums} sums
 * @param {string} name
 * @param {string} note
 */
function addTexts(sums, name, note) {
  sums.characters += name.length + note.length;
  sums.endings += name.charCodeAt(name.length - 1) + note.charCodeAt(note.length - 1);
}

/**
 * @param {Sums} sums
 * @param {import('./session.js').RowObject} row
 */
export function addRow(sums, row) {
  sums.rows += 1;
  sums.ids += /** @type {number} */ (row.id);
  sums.amounts += /** @type {number} */ (row.amount);
  addTexts(sums, /** @type {string} */ (row.name), /** @type {string} */ (row.note));
}

/**
 * @param {Sums} sums
 * @param {number} id
 */
export function addItem(sums, id) {
  sums.rows += 1;
  sums.ids += id;
  sums.amounts += amountOf(id);
  addTexts(sums, `item ${id}`, noteOf(id));
}

/**
 * The sums of the items 1 to `count`.
 *
 * @param {number} count
 */
export function sumsOf(count) {
  const sums = noSums();
  for (let id = 1; id <= count; id++) addItem(sums, id);
  return sums;
}

/**
 * The sums over the table, added up by SQL.
 *
 * @param {Session} session
 * @returns {Promise<Sums>}
 */
export async function storedSums(session) {
  const [sums] = await session.all(`
    select count(*) as "rows", sum(id) as ids, sum(amount) as amounts,
           sum(length(name) + length(note)) as characters,
           sum(unicode(substr(name, -1)) + unicode(substr(note, -1))) as endings
      from items`);
  return /** @type {any} */ (sums);
}

/**
 * @param {string} what
 * @param {Sums} found
 * @param {Sums} expected
 */
export function requireSums(what, found, expected) {
  const [a, b] = [found, expected].map((sums) =>
    JSON.stringify(sums, Object.keys(expected).sort()),
  );
  if (a !== b) throw new Error(`${what}: found ${a}, expected ${b}`);
}
