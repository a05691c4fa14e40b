// The code blocks of README.md and docs/, and how each is tested: by running it, unless a comment on the
// line before says otherwise.
//
//   <!-- test: in worker, given db -->      what it runs in (page, worker or node; page by default), and
//                                            what is there already: `runtime`, `db`
//   <!-- test: none, because it is … -->    not run; the reason is required
//
// A block whose first line is a comment with a file's name is that file. The named blocks of one section
// belong together: the first of them is the one that runs, or index.html if there is one.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../setup/paths.mjs';

/** Languages that are run or parsed; a block in another one is text. */
const TESTED = ['js', 'ts', 'html', 'json', 'sh'];

/**
 * @typedef {object} Block
 * @property {string} file from the root of the repository
 * @property {number} line
 * @property {string} section
 * @property {string} language
 * @property {string} text
 * @property {string | undefined} name
 * @property {'page' | 'worker' | 'node' | 'none'} where
 * @property {string[]} given
 */

/** @typedef {{ title: string, where: Block['where'], given: string[], blocks: Block[] }} Project */

/** The files whose blocks are tested. */
export function documents() {
  const docs = readdirSync(join(root, 'docs')).filter((name) => name.endsWith('.md'));
  const more = ['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md'];
  return [...more, ...docs.map((name) => `docs/${name}`)].filter((name) =>
    existsSync(join(root, name)),
  );
}

/**
 * All blocks of a document that are to be tested.
 *
 * @param {string} file
 * @param {string} [source] its content, if it is not to be read
 * @returns {Block[]}
 */
export function blocksOf(file, source = readFileSync(join(root, file), 'utf8')) {
  const lines = source.split('\n');
  /** @type {Block[]} */
  const blocks = [];
  let section = '';
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at] ?? '';
    if (/^#+ /.test(line)) section = `${at + 1} ${line.replace(/^#+ /, '')}`;
    const fence = /^( *)(```+)(\w*).*$/.exec(line);
    if (!fence) continue;
    const [, indent = '', ticks = '', language = ''] = fence;
    const end = lines.indexOf(indent + ticks, at + 1);
    if (end < 0) throw new Error(`${file}:${at + 1}: the block has no end`);
    const text = lines.slice(at + 1, end).map((line) => line.slice(indent.length));
    if (TESTED.includes(language)) {
      const name = /^(?:\/\/|<!--|#) ([\w.-]+\.\w+)(?: -->)?$/.exec(text[0] ?? '')?.[1];
      const marker = markerOf(lines[at - 1] ?? '', `${file}:${at + 1}`);
      blocks.push({
        file,
        line: at + 1,
        section,
        language,
        text: `${text.join('\n')}\n`,
        name,
        ...marker,
      });
    }
    at = end;
  }
  return blocks;
}

/**
 * @param {string} line
 * @param {string} place
 * @returns {Pick<Block, 'where' | 'given'>}
 */
function markerOf(line, place) {
  const marker = /^ *<!-- test: (.*) -->$/.exec(line)?.[1];
  if (marker === undefined) {
    if (/<!--\s*test\b/.test(line)) throw new Error(`${place}: no such marker: ${line}`);
    return { where: 'page', given: [] };
  }
  if (/^none, because \S.{10,}$/.test(marker)) return { where: 'none', given: [] };
  /** @type {Pick<Block, 'where' | 'given'>} */
  const told = { where: 'page', given: [] };
  for (const part of marker.split(', ')) {
    const [, what, values = ''] = /^(in|given) ([a-z ]+)$/.exec(part) ?? [];
    const words = values.split(' ');
    if (what === 'in' && (values === 'page' || values === 'worker' || values === 'node')) {
      told.where = values;
    } else if (what === 'given' && words.every((word) => word === 'db' || word === 'runtime')) {
      told.given = words;
    } else throw new Error(`${place}: no such marker: ${line.trim()}`);
  }
  return told;
}

/**
 * What is run: each block, the named ones of a section together.
 *
 * @param {Block[]} blocks
 * @returns {Project[]}
 */
export function projectsOf(blocks) {
  /** @type {Map<string, Project>} */
  const projects = new Map();
  for (const block of blocks) {
    const { name, section, file, line, where, given, language } = block;
    if (where === 'none' || language === 'sh' || language === 'json') continue;
    const key = name === undefined ? `${line}` : section;
    const title = `${file}:${line}`;
    const project = projects.get(key) ?? { title, where, given, blocks: [] };
    if (project.where !== where)
      throw new Error(`${title}: in ${where}, and its section in ${project.where}`);
    if (name !== undefined && project.blocks.some((other) => other.name === name)) {
      throw new Error(`${title}: the section has two files ${name}`);
    }
    project.blocks.push(block);
    projects.set(key, project);
  }
  return [...projects.values()];
}
