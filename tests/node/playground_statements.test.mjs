// Where the statements of the playground's editor end.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { splitStatements } from '../../www/playground/statements.js';

/** @type {[string, string[]][]} */
const CASES = [
  ['', []],
  [' ;; -- nothing\n/* ; */ ;', []],
  ['select 1', ['select 1']],
  ['select 1; select 2;', ['select 1', 'select 2']],
  [
    "select ';', 'it''s;', \"a;\"\"b\", `c;`, [d;];x",
    ["select ';', 'it''s;', \"a;\"\"b\", `c;`, [d;]", 'x'],
  ],
  [
    'select 1 -- one; two\n+ 1; select 2 /* ; */ + 3',
    ['select 1 -- one; two\n+ 1', 'select 2 /* ; */ + 3'],
  ],
  ['-- first\nselect 1;', ['-- first\nselect 1']],
  [
    'create temp trigger t after insert on a begin select case when 1 then 2 end; select 3; end; select 4',
    [
      'create temp trigger t after insert on a begin select case when 1 then 2 end; select 3; end',
      'select 4',
    ],
  ],
  [
    'create table trigger_log (begin_at); select 1',
    ['create table trigger_log (begin_at)', 'select 1'],
  ],
  ["select 'not closed; select 2", ["select 'not closed; select 2"]],
  ['select 1 /* not closed; select 2', ['select 1 /* not closed; select 2']],
  ['begin; select 1; end; select 2', ['begin', 'select 1', 'end', 'select 2']],
  ['select größe, $x; select ?1', ['select größe, $x', 'select ?1']],
];

for (const [sql, expected] of CASES) {
  test(`statements of ${JSON.stringify(sql)}`, () => {
    assert.deepEqual(splitStatements(sql), expected);
  });
}
