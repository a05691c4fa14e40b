// @ts-check

/** What SQL consists of, as far as it matters for where a statement ends. */
const TOKEN =
  /\s+|--[^\n]*|\/\*[\s\S]*?(?:\*\/|$)|'(?:[^']|'')*'?|"(?:[^"]|"")*"?|`(?:[^`]|``)*`?|\[[^\]]*\]?|[\p{L}_$][\p{L}\p{N}_$]*|;|./suy;
const EMPTY = /^(?:\s|--|\/\*)/;

/**
 * The statements of some SQL, each without the semicolon at its end. That of a trigger's body is not the
 * end of the trigger: `; end;` is, as `sqlite3_complete()` has it.
 *
 * @param {string} sql
 * @returns {string[]}
 */
export function splitStatements(sql) {
  /** @type {string[]} */
  const statements = [];
  /** The words that the statement begins with, which tell whether it is a trigger. @type {string[]} */
  let words = [];
  let last = '';
  let beforeLast = '';
  let start = 0;
  /** @param {number} end */
  const finish = (end) => {
    if (last !== '') statements.push(sql.slice(start, end).trim());
    words = [];
    last = '';
  };
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < sql.length) {
    const at = TOKEN.lastIndex;
    const token = (TOKEN.exec(sql)?.[0] ?? '').toLowerCase();
    if (EMPTY.test(token)) continue;
    const triggerEnds = beforeLast === ';' && last === 'end';
    if (token === ';' && (triggerEnds || !isTrigger(words))) {
      finish(at);
      start = at + 1;
    } else {
      if (words.length < 6) words.push(token);
      beforeLast = last;
      last = token;
    }
  }
  finish(sql.length);
  return statements;
}

/**
 * The statement from its first word on, which tells what it is.
 *
 * @param {string} sql
 */
export function withoutLeadingComments(sql) {
  return sql.replace(/^(?:\s+|--[^\n]*|\/\*[\s\S]*?(?:\*\/|$))+/, '');
}

/** @param {string[]} words */
function isTrigger(words) {
  return /^(?:explain (?:query plan )?)?create (?:temp |temporary )?trigger\b/.test(
    words.join(' '),
  );
}
