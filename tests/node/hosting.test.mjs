// The recipes for hosts are what docs/hosting.md says, and each one sends both headers, as far as that
// can be seen without the host: what is JavaScript or JSON is run or parsed.
//
//   UPDATE=1 node --test tests/node/hosting.test.mjs     writes docs/hosting.md
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { doctor } from '../../dist/doctor/index.js';
import { HEADERS, RECIPES } from '../../dist/doctor/recipes.js';

const DOCUMENT = new URL('../../docs/hosting.md', import.meta.url);
const INTRODUCTION = `<!-- Generated from js/src/doctor/recipes.ts by tests/node/hosting.test.mjs; do not edit. -->

# Hosting

Browsers share memory only in pages that are cross-origin isolated. The page and its workers have to be
served, by https or from localhost, with

\`\`\`text
Cross-Origin-Opener-Policy: same-origin
Cross-Origin-Embedder-Policy: require-corp
\`\`\`

An isolated page loads from other origins only what they allow: by CORS (\`crossorigin\` on the element) or
by \`Cross-Origin-Resource-Policy: cross-origin\`. Windows that it opens on other origins cannot talk to it.
With \`Cross-Origin-Embedder-Policy: credentialless\` (not in Safari) what other origins send needs no header,
but is asked for without cookies.

What a page lacks, and the recipe for its host, says

\`\`\`js
import { doctor } from 'sharedwal/doctor';
console.log(String(await doctor({ host: 'nginx' })));
\`\`\`
`;

/** @param {import('../../dist/doctor/index.js').Recipe} recipe */
function section({ title, files, notes }) {
  const reason = 'none, because it is for the host: tests/node/hosting.test.mjs looks at it';
  const blocks = files.map(({ path, language, text }) => {
    const marker = ['js', 'html', 'sh'].includes(language) ? `<!-- test: ${reason} -->\n` : '';
    const place = /^[\w.]+$/.test(path) ? `\`${path}\`` : path;
    return `${place}:\n\n${marker}\`\`\`${language}\n${text}\`\`\`\n`;
  });
  const list = notes.map((note) => `- ${note}`).join('\n');
  return [`## ${title}\n`, ...blocks, ...(list === '' ? [] : [`${list}\n`])].join('\n');
}

test('docs/hosting.md is what the recipes say', () => {
  const text = [INTRODUCTION, ...Object.values(RECIPES).map(section)].join('\n');
  if (process.env.UPDATE) writeFileSync(DOCUMENT, text);
  assert.equal(readFileSync(DOCUMENT, 'utf8'), text);
});

/** @param {import('../../dist/doctor/index.js').Host} host @param {string} file */
function textOf(host, file) {
  const found = RECIPES[host].files.find(({ path }) => path === file);
  assert.ok(found, `${host} has ${file}`);
  return found.text;
}

/** The default export of a configuration. @param {string} text */
async function load(text) {
  return (await import(`data:text/javascript,${encodeURIComponent(text)}`)).default;
}

/** Lines of the form `name: value` or `name value`, in any order. @param {string} text */
function headerLines(text) {
  const lines = [...text.matchAll(/(Cross-Origin-\w+-Policy)(?::| ) *([\w-]+)/g)];
  return Object.fromEntries(lines.map(([, name, value]) => [name, value]));
}

test('Vite: the plugin of the package sends both headers', async () => {
  const text = textOf('vite', 'vite.config.js');
  const entry = new URL('../../dist/vite.js', import.meta.url);
  const config = await load(
    text
      .replace("'sharedwal/vite'", `'${entry}'`)
      .replace("import { defineConfig } from 'vite';", 'const defineConfig = (config) => config;'),
  );
  for (const hook of ['configureServer', 'configurePreviewServer']) {
    /** @type {Record<string, string>} */
    const sent = {};
    const response = {
      setHeader: (/** @type {string} */ name, /** @type {string} */ value) => {
        sent[name] = value;
      },
    };
    const middlewares = {
      use: (/** @type {Function} */ handler) => handler({}, response, () => {}),
    };
    config.plugins[0][hook]({ middlewares });
    assert.deepEqual(sent, HEADERS, hook);
  }
});

test('webpack-dev-server', async () => {
  const { devServer } = await load(textOf('webpack', 'webpack.config.mjs'));
  assert.deepEqual(devServer.headers, HEADERS);
});

/** @param {{ source: string, headers: { key: string, value: string }[] }[]} rules */
function sentEverywhere(rules) {
  assert.equal(rules.length, 1);
  for (const path of ['/', '/index.html', '/assets/worker.js']) {
    assert.match(path, new RegExp(`^${rules[0]?.source}$`));
  }
  return Object.fromEntries((rules[0]?.headers ?? []).map(({ key, value }) => [key, value]));
}

test('Next.js', async () => {
  const config = await load(textOf('next', 'next.config.mjs'));
  assert.deepEqual(sentEverywhere(await config.headers()), HEADERS);
});

test('Vercel', () => {
  assert.deepEqual(sentEverywhere(JSON.parse(textOf('vercel', 'vercel.json')).headers), HEADERS);
});

for (const host of /** @type {const} */ (['netlify', 'cloudflare'])) {
  test(`${host}: a rule for all paths, then indented headers`, () => {
    const text = textOf(host, '_headers');
    assert.match(text, /^\/\*\n( {2}[\w-]+: [\w-]+\n)+$/);
    assert.deepEqual(headerLines(text), HEADERS);
  });
}

for (const host of /** @type {const} */ (['nginx', 'caddy'])) {
  test(`${host}: both headers, and braces that match`, () => {
    const [file] = RECIPES[host].files;
    assert.deepEqual(headerLines(file?.text ?? ''), HEADERS);
    assert.equal(file?.text.split('{').length, file?.text.split('}').length);
  });
}

test('GitHub Pages: the file is where the recipe takes it from', () => {
  const [copy, page] = RECIPES['github-pages'].files;
  const file = /cp node_modules\/sharedwal\/(\S+) \.$/m.exec(copy?.text ?? '')?.[1];
  const source = readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8');
  for (const [name, value] of Object.entries(HEADERS))
    assert.ok(source.includes(`'${name}': '${value}'`));
  assert.ok(page?.text.includes(`src="${file?.replace('dist/', '')}"`));
});

test('doctor() works in Node', async () => {
  const diagnosis = await doctor();
  assert.ok(diagnosis.ok, String(diagnosis));
  assert.deepEqual(diagnosis.findings, []);
  assert.equal(diagnosis.environment.context, 'Node, first thread');
  assert.equal(diagnosis.environment.node, process.versions.node);
  assert.match(String(diagnosis), /works here \(Node, first thread\)/);
});
