// SQLite's result codes by name, from sqlite3.h (https://sqlite.org/rescode.html).

/** The row of `sqlite3_step`. */
export const SQLITE_ROW = 100;
/** The end of `sqlite3_step`. */
export const SQLITE_DONE = 101;
/** Ended by a request, or by a limit. */
export const SQLITE_INTERRUPT = 9;
/** Success. */
export const SQLITE_OK = 0;
/** Another connection is in the way. */
export const SQLITE_BUSY = 5;
/** The same connection is in the way. */
export const SQLITE_LOCKED = 6;
/** A write to what can only be read. */
export const SQLITE_READONLY = 8;
/** Memory exhausted. */
export const SQLITE_NOMEM = 7;
/** A string or BLOB longer than SQLite's limit. */
export const SQLITE_TOOBIG = 18;
/** A parameter that the statement does not have. */
export const SQLITE_RANGE = 25;

const PRIMARY: readonly string[] = [
  'OK',
  'ERROR',
  'INTERNAL',
  'PERM',
  'ABORT',
  'BUSY',
  'LOCKED',
  'NOMEM',
  'READONLY',
  'INTERRUPT',
  'IOERR',
  'CORRUPT',
  'NOTFOUND',
  'FULL',
  'CANTOPEN',
  'PROTOCOL',
  'EMPTY',
  'SCHEMA',
  'TOOBIG',
  'CONSTRAINT',
  'MISMATCH',
  'MISUSE',
  'NOLFS',
  'AUTH',
  'FORMAT',
  'RANGE',
  'NOTADB',
  'NOTICE',
  'WARNING',
];

// By primary code: the names of its extended codes, from number 1 on.
const EXTENDED: Readonly<Record<string, readonly string[]>> = {
  OK: ['LOAD_PERMANENTLY', 'SYMLINK'],
  ERROR: ['MISSING_COLLSEQ', 'RETRY', 'SNAPSHOT', 'RESERVESIZE', 'KEY', 'UNABLE'],
  ABORT: ['', 'ROLLBACK'],
  BUSY: ['RECOVERY', 'SNAPSHOT', 'TIMEOUT'],
  LOCKED: ['SHAREDCACHE', 'VTAB'],
  READONLY: ['RECOVERY', 'CANTLOCK', 'ROLLBACK', 'DBMOVED', 'CANTINIT', 'DIRECTORY'],
  IOERR: [
    'READ',
    'SHORT_READ',
    'WRITE',
    'FSYNC',
    'DIR_FSYNC',
    'TRUNCATE',
    'FSTAT',
    'UNLOCK',
    'RDLOCK',
    'DELETE',
    'BLOCKED',
    'NOMEM',
    'ACCESS',
    'CHECKRESERVEDLOCK',
    'LOCK',
    'CLOSE',
    'DIR_CLOSE',
    'SHMOPEN',
    'SHMSIZE',
    'SHMLOCK',
    'SHMMAP',
    'SEEK',
    'DELETE_NOENT',
    'MMAP',
    'GETTEMPPATH',
    'CONVPATH',
    'VNODE',
    'AUTH',
    'BEGIN_ATOMIC',
    'COMMIT_ATOMIC',
    'ROLLBACK_ATOMIC',
    'DATA',
    'CORRUPTFS',
    'IN_PAGE',
    'BADKEY',
    'CODEC',
  ],
  CORRUPT: ['VTAB', 'SEQUENCE', 'INDEX'],
  CANTOPEN: ['NOTEMPDIR', 'ISDIR', 'FULLPATH', 'CONVPATH', 'DIRTYWAL', 'SYMLINK'],
  CONSTRAINT: [
    'CHECK',
    'COMMITHOOK',
    'FOREIGNKEY',
    'FUNCTION',
    'NOTNULL',
    'PRIMARYKEY',
    'TRIGGER',
    'UNIQUE',
    'VTAB',
    'ROWID',
    'PINNED',
    'DATATYPE',
  ],
  AUTH: ['USER'],
  NOTICE: ['RECOVER_WAL', 'RECOVER_ROLLBACK', 'RBU'],
  WARNING: ['AUTOINDEX'],
};

/**
 * The name of an extended result code: 2067 is `SQLITE_CONSTRAINT_UNIQUE`. One that this table
 * does not have is `UNKNOWN_SQLITE_ERROR_` and its number, as in better-sqlite3.
 */
export function resultCodeName(code: number): string {
  if (code === SQLITE_ROW) return 'SQLITE_ROW';
  if (code === SQLITE_DONE) return 'SQLITE_DONE';
  const primary = PRIMARY[code & 0xff];
  if (primary !== undefined) {
    if (code < 256) return `SQLITE_${primary}`;
    const extended = EXTENDED[primary]?.[(code >> 8) - 1];
    if (extended) return `SQLITE_${primary}_${extended}`;
  }
  return `UNKNOWN_SQLITE_ERROR_${code}`;
}
