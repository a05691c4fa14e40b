// WebKitGTK for the tests in a third engine: its WebDriver, the browser that this starts, and an X
// server that needs no screen. Those that are there, else Debian's packages.
import { existsSync } from 'node:fs';
import { debianPackages, isDebian } from './debian.mjs';
import { Stop } from './report.mjs';
import { onPath } from './run.mjs';

/**
 * @typedef {object} WebKit
 * @property {string} driver WebKitWebDriver, which knows where its browser is
 * @property {string | undefined} display the X server to start; undefined where there is a screen
 */

/** @returns {Promise<WebKit>} */
export async function webkit() {
  const found = find();
  if (found) return found;
  if (isDebian()) {
    await debianPackages(['webkit2gtk-driver', 'xvfb'], 'A WebKitGTK is needed and none was found');
    const installed = find();
    if (installed) return installed;
  }
  throw new Stop(
    'WebKitGTK with its WebDriver is needed and was not found: WebKitWebDriver on PATH (or name it: WEBKIT_DRIVER=/path/to/WebKitWebDriver), and Xvfb where there is no screen.',
  );
}

/** @returns {WebKit | undefined} */
function find() {
  const driver = process.env.WEBKIT_DRIVER ?? onPath('WebKitWebDriver');
  if (!driver || !existsSync(driver)) return undefined;
  // A window of its own for each page is in the way of who works at the screen.
  const display = onPath('Xvfb');
  if (!display && !process.env.DISPLAY && !process.env.WAYLAND_DISPLAY) return undefined;
  return { driver, display };
}
