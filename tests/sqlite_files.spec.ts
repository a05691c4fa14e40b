import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { expect, test } from '@playwright/test';
import { openPage } from './open_page.js';
import { playwrightTab } from './tab.js';

const ROWS = 3000;

/** What SQLite's command line prints for some commands on a file. */
function sqlite3(file: string, commands: string): string {
  const program = process.env.SQLITE3 || 'sqlite3';
  const { status, stdout, stderr, error } = spawnSync(program, ['-batch', '-bail', file], {
    input: commands,
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  if (error) {
    throw new Error(
      `${program} cannot be run (${error.message}): install SQLite's command line (Debian's package sqlite3), or name one by SQLITE3=/path/to/sqlite3`,
    );
  }
  expect(stderr).toBe('');
  expect(status, commands).toBe(0);
  return stdout.trim();
}

test('files of the sqlite3 command line go in and out', async ({ page }, info) => {
  const made = info.outputPath('made.db');
  sqlite3(
    made,
    `.filectrl persist_wal 1
     pragma journal_mode = wal;
     create table t (id integer primary key, text);
     create index i on t (text);
     with recursive n (i) as (select 1 union all select i + 1 from n where i < ${ROWS})
       insert into t select i, 'row ' || i || hex(randomblob(20)) from n;
     pragma wal_checkpoint(truncate);
     pragma wal_autocheckpoint = 0;
     update t set text = 'from the log' where id = 7;
     .dbconfig no_ckpt_on_close on`.replaceAll(/^ +/gm, ''),
  );
  for (const name of ['made.db', 'made.db-wal']) {
    const body = readFileSync(info.outputPath(name));
    await page.route(`**/${name}`, (route) => route.fulfill({ body }));
  }
  await openPage(playwrightTab(page), 'sqlite_files', { params: { rows: String(ROWS) } });

  const files = (await page.evaluate('exported')) as Record<string, string>;
  const exported = (name: string): string => {
    const file = info.outputPath(`${name}.db`);
    writeFileSync(file, Buffer.from(files[name] ?? '', 'base64'));
    expect(sqlite3(file, 'pragma integrity_check;')).toBe('ok');
    return file;
  };
  const unchanged = exported('unchanged');
  expect(sqlite3(unchanged, '.sha3sum --schema')).toBe(sqlite3(made, '.sha3sum --schema'));
  expect(sqlite3(unchanged, '.dump')).toBe(sqlite3(made, '.dump'));
  const changed = exported('changed');
  expect(sqlite3(changed, "select count(*) from t where text = 'from here';")).toBe('1');
  expect(sqlite3(changed, 'select text from t where id = 9;')).toBe('ünïcode');
  expect(sqlite3(changed, 'select count(*) from t;')).toBe(String(ROWS + 1));
});
