// Chromium and its driver: one that is there, else Debian's packages.
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, isAbsolute, join } from 'node:path';
import { debianPackages, isDebian } from './debian.mjs';
import { root } from './paths.mjs';
import { Stop } from './report.mjs';
import { ask, onPath } from './run.mjs';

/** Growable SharedArrayBuffer came with 111; older ones cannot run the job. */
const OLDEST = 111;

const NAMES = [
  'chromium',
  'chromium-browser',
  'google-chrome',
  'google-chrome-stable',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
  'C:\\Program Files (x86)\\Google\\Chrome\\Application\\chrome.exe',
];

/**
 * @returns {Promise<string>} the browser's executable
 */
export async function chromium() {
  const named = process.env.CHROMIUM;
  if (named) {
    if (!isUsable(named))
      throw new Stop(`CHROMIUM=${named} does not answer --version with ${OLDEST} or newer.`);
    return named;
  }
  const found = find();
  if (found) return found;
  if (isDebian()) {
    await debianPackages(
      ['chromium', 'chromium-driver'],
      'A Chromium is needed and none was found',
    );
    const installed = find();
    if (installed) return installed;
  }
  throw new Stop(
    `A Chromium or Chrome (${OLDEST} or newer) is needed and none was found. Run this, then start again:\n\n    npx playwright install chromium\n\nor name one: CHROMIUM=/path/to/chromium`,
  );
}

/**
 * The driver of that browser, for the tests that wasm-bindgen runs.
 * @param {string} browser
 * @returns {Promise<string>}
 */
export async function chromedriver(browser) {
  const major = majorOf(browser);
  const find = () =>
    [process.env.CHROMEDRIVER, onPath('chromedriver'), join(dirname(browser), 'chromedriver')].find(
      (file) => file && existsSync(file) && (major === undefined || majorOf(file) === major),
    );
  const found = find();
  if (found) return found;
  if (isDebian() && browser === '/usr/bin/chromium') {
    await debianPackages(
      ['chromium-driver'],
      'The driver of Chromium is needed for the wasm tests',
    );
    const installed = find();
    if (installed) return installed;
  }
  const version = major ?? 'of the same version';
  throw new Stop(
    `chromedriver ${version} is needed for the wasm tests of ${browser}. ${
      process.platform === 'darwin' ? 'Run: brew install --cask chromedriver' : 'Put it on PATH'
    }, or name one: CHROMEDRIVER=/path/to/chromedriver`,
  );
}

function find() {
  return [...NAMES.map((name) => (isAbsolute(name) ? name : onPath(name))), playwrightOwn()].find(
    (file) => file !== undefined && existsSync(file) && isUsable(file),
  );
}

/** The one that `npx playwright install chromium` leaves, if it did. */
function playwrightOwn() {
  try {
    return createRequire(join(root, 'package.json'))('@playwright/test').chromium.executablePath();
  } catch {
    return undefined;
  }
}

/** @param {string} file */
function isUsable(file) {
  // Chrome for Windows opens a window when it is asked for its version.
  if (process.platform === 'win32') return existsSync(file);
  return (majorOf(file) ?? 0) >= OLDEST;
}

/** @param {string} file */
function majorOf(file) {
  if (process.platform === 'win32' && /chrome\.exe$/i.test(file)) return undefined;
  const major = Number(/(\d+)\.\d+\.\d+/.exec(ask(file, ['--version']) ?? '')?.[1]);
  return major > 0 ? major : undefined;
}
