import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@playwright/test';
import { serve } from '../scripts/serve.mjs';
import { root } from '../scripts/setup/paths.mjs';

const PAGE = `<!doctype html>
<html>
  <head>
    <script src="isolation-service-worker.js"></script>
    <script type="module">
      import { createRuntime } from './dist/index.js';
      if (crossOriginIsolated) {
        const worker = new Worker('worker.js', { type: 'module' });
        worker.onmessage = ({ data }) => Object.assign(globalThis, { answer: data });
        worker.postMessage(createRuntime());
      }
    </script>
  </head>
  <body></body>
</html>
`;
const WORKER = `import { open } from './dist/index.js';
onmessage = async ({ data }) => {
  const db = await open(data);
  postMessage(db.prepare('select sqlite_version()').pluck().get());
};
`;

// A site whose host sets no headers, and lets nobody set any.
test('the service worker isolates a page that is served without headers', async ({ page }) => {
  const site = mkdtempSync(join(tmpdir(), 'sharedwal-site-'));
  cpSync(join(root, 'dist'), join(site, 'dist'), { recursive: true });
  cpSync(
    join(root, 'dist', 'isolation-service-worker.js'),
    join(site, 'isolation-service-worker.js'),
  );
  writeFileSync(join(site, 'index.html'), PAGE);
  writeFileSync(join(site, 'worker.js'), WORKER);
  const server = await serve({ root: site });
  try {
    let loads = 0;
    page.on('framenavigated', () => loads++);
    const answer = async () => {
      await page.waitForFunction(() => 'answer' in globalThis);
      return page.evaluate(() => Reflect.get(globalThis, 'answer'));
    };
    const response = await page.goto(`${server.url}/plain/index.html`);
    expect(response?.headers()['cross-origin-opener-policy']).toBeUndefined();
    expect(await answer()).toMatch(/^3\./);
    expect(loads, 'it loads once more').toBe(2);
    await page.reload();
    expect(await answer()).toMatch(/^3\./);
    expect(loads, 'and not again').toBe(3);
  } finally {
    await server.close();
    rmSync(site, { recursive: true, force: true });
  }
});

test('the service worker does not load a page over and over that it cannot isolate', async ({
  page,
}) => {
  const site = mkdtempSync(join(tmpdir(), 'sharedwal-site-'));
  cpSync(join(root, 'dist', 'isolation-service-worker.js'), join(site, 'worker', 'w.js'), {
    recursive: true,
  });
  // Its folder is below the page's, so that it does not serve that.
  writeFileSync(join(site, 'index.html'), '<!doctype html><script src="worker/w.js"></script>');
  const server = await serve({ root: site });
  try {
    const warnings: string[] = [];
    page.on('console', (message) => warnings.push(message.text()));
    let loads = 0;
    page.on('framenavigated', () => loads++);
    await page.goto(`${server.url}/plain/index.html`);
    await expect.poll(() => warnings.join()).toContain('put it beside the page');
    expect(loads).toBe(1);
  } finally {
    await server.close();
    rmSync(site, { recursive: true, force: true });
  }
});
