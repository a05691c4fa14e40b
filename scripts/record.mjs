// Writes what was measured into the documents that show it, between two comments.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './setup/paths.mjs';
import { Stop } from './setup/report.mjs';

/**
 * @param {string} document
 * @param {string} begin of the comment before it
 * @param {string} end the comment behind it
 * @param {string[]} lines
 */
export function record(document, begin, end, lines) {
  const path = join(root, document);
  const text = readFileSync(path, 'utf8');
  const at = text.indexOf(begin);
  const from = text.indexOf('-->', at) + 3;
  const to = text.indexOf(end, from);
  if (at < 0 || to < 0) throw new Stop(`${document} has no ${begin} … ${end}`);
  writeFileSync(path, `${text.slice(0, from)}\n\n${lines.join('\n')}\n\n${text.slice(to)}`);
}
