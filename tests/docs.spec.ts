import { execFile } from 'node:child_process';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, type Page, test } from '@playwright/test';
import {
  type Block,
  blocksOf,
  documents,
  type Project,
  projectsOf,
} from '../scripts/docs/blocks.mjs';
import { DIRECTORY, writeProject } from '../scripts/docs/write_project.mjs';
import { root } from '../scripts/setup/paths.mjs';

const all = documents().map((file) => ({ file, blocks: blocksOf(file) }));
const projects = all.flatMap(({ blocks }) => projectsOf(blocks));

rmSync(join(root, DIRECTORY), { recursive: true, force: true });

for (const project of projects) {
  test(`the code of ${project.title} runs`, async ({ page }) => {
    const name = project.title.replace(/\W+/g, '-');
    const { folder, main, files } = await writeProject(project, name);
    const printed =
      project.where === 'node'
        ? await runInNode(join(root, folder, main))
        : await runInPage(page, `/${folder}/${main}`, files, project);
    let from = 0;
    for (const wanted of promises(project)) {
      const at = printed.indexOf(wanted, from);
      expect(
        at,
        `it prints ${wanted}; it printed ${JSON.stringify(printed)}`,
      ).toBeGreaterThanOrEqual(0);
      from = at + 1;
    }
  });
}

/** What the code says that it prints: `console.log(n); // → 2`. */
function promises({ blocks }: Project): string[] {
  return blocks.flatMap(({ text }) =>
    [...text.matchAll(/\/\/ → (.*)$/gm)].map(([, what]) => what ?? ''),
  );
}

async function runInNode(file: string): Promise<string[]> {
  const { stdout } = await promisify(execFile)(process.execPath, [file], {
    cwd: root,
    timeout: 60_000,
  });
  return stdout.trimEnd().split('\n');
}

/** What it prints until it has run, with all its files, and has printed as much as it says. */
async function runInPage(page: Page, address: string, files: string[], project: Project) {
  const errors: string[] = [];
  const printed: string[] = [];
  const requested = new Set<string>();
  page.on('pageerror', (error) => errors.push(String(error.stack ?? error)));
  page.on('console', (message) => {
    if (message.type() === 'error') errors.push(message.text());
    else printed.push(message.text());
  });
  page.on('requestfinished', (request) => requested.add(new URL(request.url()).pathname));
  await page.goto(address);
  const folder = address.slice(0, address.lastIndexOf('/') + 1);
  const missing = () => files.filter((file) => !requested.has(folder + file));
  const logs = project.blocks.some(({ text }) => text.includes('console.log('));
  const own = project.blocks.some(({ name }) => name === 'index.html');
  if (!own) {
    await page.waitForFunction(() => 'finished' in globalThis, undefined, { timeout: 60_000 });
    expect(await page.evaluate(() => Reflect.get(globalThis, 'finished')), errors.join('\n')).toBe(
      'done',
    );
  }
  await expect.poll(missing, `files that nothing loads\n${errors.join('\n')}`).toEqual([]);
  const enough = Math.max(promises(project).length, logs ? 1 : 0);
  await expect.poll(() => errors.length > 0 || printed.length >= enough, 'it prints').toBe(true);
  expect(errors).toEqual([]);
  return printed;
}

test('TypeScript in the documents has the types it says', async () => {
  const typed = projects.filter(({ blocks }) => blocks.some(({ language }) => language === 'ts'));
  test.skip(typed.length === 0, 'there is no TypeScript in the documents');
  const folders = await Promise.all(
    typed.map((project) => writeProject(project, `typed-${project.title.replace(/\W+/g, '-')}`)),
  );
  const config = join(root, DIRECTORY, 'tsconfig.json');
  const include = folders.map(({ folder }) => `${folder.slice(DIRECTORY.length + 1)}/*.source.ts`);
  const compilerOptions = { types: ['node'], rootDirs: [], allowImportingTsExtensions: true };
  writeFileSync(
    config,
    JSON.stringify({ extends: '../../tsconfig.json', compilerOptions, include }),
  );
  const tsc = join(root, 'node_modules/typescript/bin/tsc');
  const run = promisify(execFile)(process.execPath, [tsc, '--noEmit', '-p', config], { cwd: root });
  await run.catch(({ stdout }) => expect(stdout).toBe(''));
});

test('commands in the documents are there', () => {
  const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const isThere = (command: string) => {
    const [program = '', ...args] = command.split(/ +/);
    const [first = ''] = args[0] === 'run' ? args.slice(1) : args;
    if (program === 'npm') return first in scripts || ['install', 'ci', 'pack'].includes(first);
    if (program === 'node') return existsSync(join(root, first));
    if (program === 'npx') return existsSync(join(root, 'node_modules/.bin', first));
    return program === 'cargo' && ['add', 'build', 'doc', 'fmt', 'publish', 'test'].includes(first);
  };
  const wrong = ofLanguage('sh').flatMap(({ file, line, text }) =>
    text
      .split('\n')
      .map((line) => line.replace(/#.*/, '').trim())
      .filter((command) => command !== '' && !isThere(command))
      .map((command) => `${file}:${line}: ${command}`),
  );
  expect(wrong, 'commands that nobody knows; run them by a test, and mark the block').toEqual([]);
});

test('JSON in the documents is JSON', () => {
  for (const { file, line, text } of ofLanguage('json')) {
    expect(() => JSON.parse(text), `${file}:${line}`).not.toThrow();
  }
});

test('Rust in the documents is run as doctests', () => {
  const crate = readFileSync(join(root, 'tests/documents/lib.rs'), 'utf8');
  for (const { file } of all) {
    const rust = /^ *```rust/m.test(readFileSync(join(root, file), 'utf8'));
    if (rust) expect(crate, `${file} has Rust`).toContain(`"../../${file}"`);
  }
});

test('every block says what it is written in, and the README is run', () => {
  for (const { file } of all) {
    const source = readFileSync(join(root, file), 'utf8');
    const fences = [...source.matchAll(/^ *```+.*$/gm)].map(([fence]) => fence.trim());
    const open = fences.filter((_, i) => i % 2 === 0);
    expect(
      open.filter((fence) => /^`+$/.test(fence)),
      `blocks of ${file} without a language`,
    ).toEqual([]);
  }
  expect(
    projects.filter(({ blocks }) => blocks.some(({ file }) => file === 'README.md')).length,
  ).toBeGreaterThan(0);
});

function ofLanguage(language: string): Block[] {
  const blocks = all.flatMap(({ blocks }) => blocks);
  return blocks.filter((block) => block.language === language && block.where !== 'none');
}
