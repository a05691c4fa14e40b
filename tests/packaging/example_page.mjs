// An example as a newcomer runs it: in development, and built.
import { join } from 'node:path';
import { test } from 'node:test';
import { root } from '../../scripts/setup/paths.mjs';
import { open } from './page.mjs';
import { project } from './project.mjs';

/** @typedef {import('@playwright/test').Page} Page */

/**
 * Two tests of an example that Vite serves.
 * @param {string} name its folder in examples/
 * @param {(page: Page) => Promise<void>} use
 */
export function testExample(name, use) {
  const example = join(root, 'examples', name);
  /** @param {string | undefined} url */
  const check = (url) => open(url ?? '', () => true, use);

  test('in development', async () => {
    const { createServer } = await import('vite');
    const folder = project(`${name}-example-dev`, example);
    const server = await createServer({ root: folder, logLevel: 'error' });
    try {
      await server.listen();
      await check(server.resolvedUrls?.local[0]);
    } finally {
      await server.close();
    }
  });

  test('built', async () => {
    const { build, preview } = await import('vite');
    const folder = project(`${name}-example-build`, example);
    await build({ root: folder, logLevel: 'error' });
    const server = await preview({ root: folder, logLevel: 'error' });
    try {
      await check(server.resolvedUrls?.local[0]);
    } finally {
      await server.close();
    }
  });
}
