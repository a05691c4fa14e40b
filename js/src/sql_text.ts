// What can be told of SQL without compiling it.

// Statements that change the schema, attach a schema, or act while they are compiled (a PRAGMA
// may). A word inside a string or a name counts too: it only costs a compilation.
const SCHEMA_WORDS =
  /\b(?:create|drop|alter|pragma|attach|detach|rollback|vacuum|reindex|analyze)\b/i;

/** Whether SQL may change what other statements mean, or act while it is compiled. */
export function mayAlterSchema(sql: string): boolean {
  return SCHEMA_WORDS.test(sql);
}

const SPACE = 0x20;
const TAB = 0x09;
const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const SEMICOLON = 0x3b;
const SLASH = 0x2f;
const STAR = 0x2a;
const DASH = 0x2d;

function isSkipped(byte: number): boolean {
  return byte === SPACE || byte === SEMICOLON || (byte >= TAB && byte <= CARRIAGE_RETURN);
}

/** The first position from `start` on that is neither white space nor a semicolon. */
export function skipEmpty(sql: Uint8Array, start: number): number {
  let at = start;
  while (at < sql.length && isSkipped(sql[at] as number)) at++;
  return at;
}

/** Whether nothing but white space, semicolons and comments follows. A NUL ends SQL. */
export function isEmptyFrom(sql: Uint8Array, start: number): boolean {
  for (let at = start; ; ) {
    at = skipEmpty(sql, at);
    const next = sql[at + 1];
    if (at >= sql.length || sql[at] === 0) return true;
    if (sql[at] === SLASH && next === STAR) {
      at = endOfComment(sql, at + 2);
    } else if (sql[at] === DASH && next === DASH) {
      const end = sql.indexOf(LINE_FEED, at + 2);
      if (end === -1) return true;
      at = end + 1;
    } else {
      return false;
    }
  }
}

function endOfComment(sql: Uint8Array, start: number): number {
  for (let at = sql.indexOf(STAR, start); at !== -1; at = sql.indexOf(STAR, at + 1)) {
    if (sql[at + 1] === SLASH) return at + 2;
  }
  return sql.length;
}
