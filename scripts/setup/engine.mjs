// How Playwright starts a browser: Chromium, or a Firefox where the executable of one is given.
import { chromiumArguments } from './chromium-arguments.mjs';

/**
 * @param {{ chromium: string | undefined, firefox: string | undefined }} executables
 */
export function engine({ chromium, firefox }) {
  return firefox
    ? {
        browserName: /** @type {const} */ ('firefox'),
        // Not Playwright's own build of Firefox, but one as it is released.
        channel: 'moz-firefox',
        launchOptions: { executablePath: firefox },
      }
    : {
        browserName: /** @type {const} */ ('chromium'),
        launchOptions: {
          ...(chromium === undefined ? {} : { executablePath: chromium }),
          args: chromiumArguments,
        },
      };
}
