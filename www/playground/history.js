// @ts-check
// What was run, the newest first; kept by the browser where it lets us.

const KEY = 'sharedwal playground history';
const MAX_ENTRIES = 50;

export class History {
  #entries = read();
  /** How far back the editor has gone; -1 for not at all. */
  #at = -1;
  #draft = '';

  /** @returns {readonly string[]} */
  get entries() {
    return this.#entries;
  }

  /** @param {string} sql */
  add(sql) {
    this.#entries = [sql, ...this.#entries.filter((one) => one !== sql)].slice(0, MAX_ENTRIES);
    this.#at = -1;
    write(this.#entries);
  }

  clear() {
    this.#entries = [];
    this.#at = -1;
    write(this.#entries);
  }

  /**
   * Goes back or forth in it from what the editor holds.
   *
   * @param {1 | -1} by 1 is back
   * @param {string} present
   * @returns {string | undefined} undefined at either end
   */
  walk(by, present) {
    const to = this.#at + by;
    if (to < -1 || to >= this.#entries.length) return undefined;
    if (this.#at === -1) this.#draft = present;
    this.#at = to;
    return to === -1 ? this.#draft : this.#entries[to];
  }
}

/** @returns {string[]} */
function read() {
  try {
    const kept = JSON.parse(localStorage.getItem(KEY) ?? '[]');
    return Array.isArray(kept) ? kept.filter((one) => typeof one === 'string') : [];
  } catch {
    // No storage here, or something else's.
    return [];
  }
}

/** @param {readonly string[]} entries */
function write(entries) {
  try {
    localStorage.setItem(KEY, JSON.stringify(entries));
  } catch {
    // Then it lasts as long as the page.
  }
}
