// The package is no larger than the official SQLite wasm, measured in the same run.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { root } from '../../scripts/setup/paths.mjs';
import { measure } from '../../scripts/size.mjs';

test('no larger than the official package', async (t) => {
  const { sharedwal, official, officialMinified } = await measure();
  t.diagnostic(JSON.stringify({ sharedwal, official, officialMinified }));
  assert.ok(sharedwal.total <= official.total, `${sharedwal.total} > ${official.total} bytes`);
});

test('the limit leaves 3 % of room and hardly more', async () => {
  const { sharedwal } = await measure();
  const [{ limit }] = JSON.parse(readFileSync(join(root, '.size-limit.json'), 'utf8'));
  const bytes = Number(/^([\d.]+) kB$/.exec(limit)?.[1]) * 1000;
  assert.ok(bytes <= sharedwal.total * 1.035, `npm run size -- --update: ${limit} is too much`);
});

test('the module has no names and no paths in it', () => {
  const module = readFileSync(join(root, 'dist', 'sharedwal.wasm')).toString('latin1');
  assert.ok(!module.includes('sqlite3VdbeExec'));
  assert.ok(!module.includes(root));
});
