// @ts-check
// Beside the console: which database it is, in and out of files, and what is in it.
import { h } from '../view/dom.js';
import { disable, replaceContent } from '../view/focus.js';
import { bytes, count } from '../view/format.js';
import { SAMPLES } from './samples.js';

/**
 * @typedef {import('./session.js').Session} Session
 * @typedef {import('./session.js').Relation} Relation
 * @typedef {import('./samples.js').Sample} Sample
 */

const REFRESH_MS = 150;

export class DatabasePanel {
  #session;
  #write;
  /** @type {readonly Sample['examples'][0][]} */
  #examples = [];
  #name = 'database';
  /** Which of the samples, or files, the database is; none before the first one is there. */
  #shown = -1;
  #commits = 0;
  #busy = false;
  #closed = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #refreshing;

  #samples = h(
    'select',
    { id: 'sample', change: () => this.loadSample(this.#samples.selectedIndex) },
    ...SAMPLES.map(({ title }) => h('option', {}, title)),
  );
  #example = h('select', { id: 'example', change: () => this.#writeExample() });
  #file = h('input', {
    ...{ type: 'file', id: 'file', class: 'visually-hidden', multiple: true },
    change: () => {
      this.openFiles(this.#file.files ?? []);
      this.#file.value = '';
    },
  });
  #download = h('button', { type: 'button', click: () => this.#save() }, 'Download');
  #stop = h(
    'button',
    { type: 'button', hidden: true, click: () => this.#session.cancelReplacing() },
    'Stop loading',
  );
  #progress = h('progress', { max: 1, value: 0, 'aria-label': 'Import' });
  /** No status: that would be read out at every note. */
  #far = h('p', { class: 'faint far' });
  #loading = h('div', { hidden: true }, this.#progress, this.#far);
  #status = h(
    'p',
    { id: 'database-status', role: 'status', class: 'faint' },
    'Starting the workers …',
  );
  #relations = h('ul', { class: 'relations' });
  #commit = h('p', { id: 'commits', class: 'faint' }, 'No commit yet.');

  /**
   * @param {Session} session
   * @param {(sql: string) => void} write puts SQL into the console
   */
  constructor(session, write) {
    this.#session = session;
    this.#write = write;
    session.onProgress = ({ phase, done, total }) => {
      this.#progress.value = total ? done / total : 0;
      this.#far.textContent = `${phase} ${bytes(done)}${total ? ` of ${bytes(total)}` : ''}`;
    };
    this.element = h(
      'div',
      { class: 'database' },
      h('label', { for: 'sample' }, 'Database'),
      this.#samples,
      h('label', { for: 'example' }, 'Examples'),
      this.#example,
      h(
        'div',
        { class: 'files' },
        this.#file,
        h('label', { for: 'file', class: 'button' }, 'Open file…'),
        this.#download,
        this.#stop,
      ),
      h(
        'p',
        { class: 'faint drop' },
        'Or drop a SQLite file here, with its ',
        h('code', {}, '-wal'),
        '.',
      ),
      this.#loading,
      this.#status,
    );
    this.contents = h(
      'div',
      { class: 'contents' },
      h('h3', {}, 'Tables'),
      this.#relations,
      h('h3', {}, 'Commits'),
      this.#commit,
    );
    session.onCommit((commit) => this.#committed(commit));
  }

  /** @param {number} index */
  async loadSample(index) {
    const sample = SAMPLES[index] ?? SAMPLES[0];
    const done = await this.#replace(sample.title, () => this.#session.load(sample));
    if (!done) {
      this.#samples.selectedIndex = this.#shown;
      return;
    }
    this.#shown = this.#samples.selectedIndex;
    this.#name = sample.name;
    this.#showExamples(sample.examples);
  }

  /** @param {Iterable<File>} files */
  async openFiles(files) {
    const all = [...files];
    if (all.length === 0) return;
    const wal = all.find(({ name }) => name.endsWith('-wal'));
    const database = all.find(({ name }) => !/-(wal|shm|journal)$/.test(name));
    if (this.#busy || database === undefined) {
      const names = all.map(({ name }) => name).join(', ');
      const why = this.#busy ? 'the database is busy' : 'there is no database among them';
      this.#status.textContent = `Not opened: ${names}, since ${why}.`;
      return;
    }
    const done = await this.#replace(database.name, () => this.#session.import({ database, wal }));
    if (!done) return;
    this.#name = database.name.replace(/\.\w+$/, '');
    const option = h('option', { selected: true, disabled: true }, database.name);
    this.#samples.append(option);
    this.#shown = this.#samples.selectedIndex;
    this.#showExamples([
      { title: 'Its schema', sql: 'select type, name, tbl_name, sql from sqlite_schema;' },
    ]);
  }

  async refresh() {
    clearTimeout(this.#refreshing);
    this.#refreshing = undefined;
    try {
      const relations = await this.#session.schema();
      if (!this.#closed) this.#showRelations(relations);
    } catch (error) {
      if (!this.#closed) this.#fail(error);
    }
  }

  close() {
    this.#closed = true;
    clearTimeout(this.#refreshing);
  }

  /**
   * @param {string} what
   * @param {() => Promise<void>} work
   */
  async #replace(what, work) {
    const focused = [this.#samples, this.#file].some((one) => one === document.activeElement);
    const done = await this.#exclusively(async () => {
      this.#status.textContent = `Loading ${what} …`;
      this.#progress.value = 0;
      this.#far.textContent = '';
      this.#loading.hidden = false;
      this.#stop.hidden = false;
      if (focused) this.#stop.focus();
      const start = performance.now();
      await work();
      const seconds = ((performance.now() - start) / 1000).toFixed(2);
      this.#status.textContent = `${what} loaded in ${seconds} s.`;
    });
    if (done) this.refresh();
    return done;
  }

  #save() {
    return this.#exclusively(async () => {
      const content = await this.#session.export();
      const url = URL.createObjectURL(new Blob([content], { type: 'application/vnd.sqlite3' }));
      h('a', { href: url, download: `${this.#name}.sqlite` }).click();
      // The download has the Blob by then.
      setTimeout(() => URL.revokeObjectURL(url), 60_000);
      this.#status.textContent = `${this.#name}.sqlite: ${bytes(content.length)}`;
    });
  }

  /**
   * One thing at a time with the whole database.
   *
   * @param {() => Promise<void>} work
   */
  async #exclusively(work) {
    if (this.#busy) return false;
    this.#setBusy(true);
    try {
      await work();
      return true;
    } catch (error) {
      if (!this.#closed) this.#fail(error);
      return false;
    } finally {
      this.#loading.hidden = true;
      const focused = document.activeElement === this.#stop;
      this.#stop.hidden = true;
      this.#setBusy(false);
      if (focused) this.#samples.focus();
    }
  }

  /** @param {boolean} busy */
  #setBusy(busy) {
    this.#busy = busy;
    for (const control of [this.#samples, this.#file]) control.disabled = busy;
    disable(this.#download, busy);
  }

  /** @param {unknown} error */
  #fail(error) {
    const text = error instanceof Error ? error.message.split('\n', 1)[0] : String(error);
    this.#status.textContent = String(error).includes('AbortError')
      ? 'Stopped: the database is as it was.'
      : `It failed: ${text}`;
  }

  /** @param {Sample['examples']} examples */
  #showExamples(examples) {
    this.#examples = examples;
    this.#example.replaceChildren(...examples.map(({ title }) => h('option', {}, title)));
    this.#writeExample();
  }

  #writeExample() {
    const example = this.#examples[this.#example.selectedIndex];
    if (example) this.#write(example.sql);
  }

  /** @param {{ worker: number | undefined, tables: readonly string[] | 'unknown' }} commit */
  #committed({ worker, tables }) {
    this.#commits += 1;
    const who = worker === undefined ? 'an import' : `worker ${worker + 1}`;
    const what = tables === 'unknown' ? 'the schema or everything' : tables.join(', ');
    this.#commit.textContent = `${count(this.#commits)} seen; the last by ${who}, of ${what}.`;
    this.#refreshing ??= setTimeout(() => this.refresh(), REFRESH_MS);
  }

  /** @param {readonly Relation[]} relations */
  #showRelations(relations) {
    // Those that were unfolded stay so.
    const unfolded = new Set(
      [...this.#relations.querySelectorAll('details[open] > summary')].map((one) =>
        one.getAttribute('data-key'),
      ),
    );
    replaceContent(
      this.#relations,
      ...relations.map(({ name, type, columns, rows }) =>
        h(
          'li',
          {},
          h(
            'details',
            { open: unfolded.has(name) },
            h(
              'summary',
              { 'data-key': name },
              h('span', { class: 'mono' }, name),
              h('span', { class: 'faint' }, rows === undefined ? type : count(rows)),
            ),
            h('ul', {}, ...columns.map((column) => this.#column(column))),
          ),
        ),
      ),
      ...(relations.length === 0 ? [h('li', { class: 'faint' }, 'None yet.')] : []),
    );
  }

  /** @param {Relation['columns'][0]} column */
  #column({ name, type, key }) {
    return h(
      'li',
      { class: 'mono' },
      name,
      ' ',
      h('span', { class: 'faint' }, `${type}${key ? ' key' : ''}`),
    );
  }
}
