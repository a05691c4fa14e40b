// A clang that compiles C for wasm32, with the llvm-ar of the same version.
import { existsSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, isAbsolute, join } from 'node:path';
import { debianPackages, isDebian, newestNumbered } from './debian.mjs';
import { Stop } from './report.mjs';
import { ask, onPath } from './run.mjs';

/** Older ones were not tried, and compile SQLite to slower code. */
const OLDEST = 15;
const NEWEST_GUESS = 30;

/** @typedef {{ clang: string, ar: string }} Compiler */

/**
 * @param {number | undefined} llvm the version to install where the toolchain decides it
 * @returns {Promise<Compiler>}
 */
export async function wasmClang(llvm) {
  const found = find(llvm);
  if (found) return found;
  if (isDebian()) {
    const version = llvm ?? (await newestNumbered('clang'));
    if (version && version >= OLDEST) {
      await debianPackages(
        [`clang-${version}`, `llvm-${version}`],
        'A clang for wasm32 is missing',
      );
      const installed = find(version);
      if (installed) return installed;
    }
  }
  throw new Stop(
    `A clang of version ${OLDEST} or newer that compiles for wasm32 is needed (Apple's cannot), with its llvm-ar. Run this, then start again:\n\n${advice()}\n\nOr name one: CC_wasm32_unknown_unknown=/path/to/clang AR_wasm32_unknown_unknown=/path/to/llvm-ar`,
  );
}

function advice() {
  if (process.platform === 'darwin') return '    brew install llvm';
  if (process.platform === 'win32') return '    winget install LLVM.LLVM';
  if (onPath('dnf')) return '    dnf install clang llvm   (as root)';
  if (onPath('pacman')) return '    pacman -S clang llvm   (as root)';
  return '    install the packages clang and llvm of your system   (as root)';
}

/** @param {number | undefined} llvm */
function find(llvm) {
  const { CC_wasm32_unknown_unknown: cc, AR_wasm32_unknown_unknown: ar } = process.env;
  const numbered = Array.from({ length: NEWEST_GUESS - OLDEST + 1 }, (_, i) => NEWEST_GUESS - i);
  const names = [
    ...(llvm ? [`clang-${llvm}`] : numbered.map((number) => `clang-${number}`)),
    'clang',
    '/opt/homebrew/opt/llvm/bin/clang',
    '/usr/local/opt/llvm/bin/clang',
    'C:\\Program Files\\LLVM\\bin\\clang.exe',
  ];
  if (cc) names.unshift(cc);
  for (const name of names) {
    const clang = isAbsolute(name) ? name : onPath(name);
    if (!clang || !existsSync(clang) || !compilesWasm(clang)) continue;
    const archiver = (name === cc && ar) || archiverOf(clang);
    if (archiver) return { clang, ar: archiver };
  }
  return undefined;
}

/** @param {string} clang */
function archiverOf(clang) {
  const suffix = /-\d+$/.exec(basename(clang))?.[0] ?? '';
  const end = process.platform === 'win32' ? '.exe' : '';
  const beside = [dirname(clang), dirname(realpathSync(clang))].flatMap((directory) => [
    join(directory, `llvm-ar${suffix}${end}`),
    join(directory, `llvm-ar${end}`),
  ]);
  return beside.find((file) => existsSync(file)) ?? onPath(`llvm-ar${suffix}`) ?? onPath('llvm-ar');
}

/** @param {string} clang */
function compilesWasm(clang) {
  const version = Number(/clang version (\d+)/.exec(ask(clang, ['--version']) ?? '')?.[1]);
  if (!(version >= OLDEST)) return false;
  const directory = mkdtempSync(join(tmpdir(), 'sharedwal-'));
  try {
    const source = join(directory, 'probe.c');
    writeFileSync(source, 'int probe(int a) { return a + 1; }\n');
    const args = ['--target=wasm32-unknown-unknown', '-msimd128', '-c', source];
    return ask(clang, [...args, '-o', join(directory, 'probe.o')]) !== undefined;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
