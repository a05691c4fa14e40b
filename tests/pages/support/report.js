// @ts-check
import { deepEqual, show } from './equal.js';

/**
 * @typedef {{ name: string, ok: boolean, detail?: string }} Check
 * @typedef {{ ok: boolean, checks: Check[], provoked: string[], figures: Record<string, unknown> }} Result
 * @typedef {{ type?: string, code?: string, message?: RegExp | string }} ExpectedError
 * @typedef {{ name: string, code?: string, message: string }} DescribedError
 */

/**
 * What an error says, as a structured-cloneable object (an error's own `code` is lost on its way
 * through `postMessage`).
 *
 * @param {unknown} error
 * @returns {DescribedError}
 */
export function describeError(error) {
  if (!(error instanceof Error)) return { name: typeof error, message: String(error) };
  /** @type {DescribedError} */
  const described = { name: error.constructor.name, message: error.message };
  const code = /** @type {{ code?: unknown }} */ (error).code;
  if (typeof code === 'string') described.code = code;
  return described;
}

/** The checks of one page, or of one worker's part of it. */
export class Report {
  /** @type {Check[]} */
  checks = [];
  /** Codes of the errors that were met where they were expected. @type {Set<string>} */
  provoked = new Set();
  /** Measured values for the reader of the report. @type {Record<string, unknown>} */
  figures = {};

  /** @param {string} prefix stands before every check's name */
  constructor(prefix = '') {
    this.prefix = prefix;
  }

  /**
   * @param {string} name
   * @param {boolean} ok
   * @param {string} [detail] what was found; always worth giving, a reader of a failure has no more
   */
  check(name, ok, detail) {
    /** @type {Check} */
    const check = { name: this.prefix + name, ok: ok === true };
    if (detail !== undefined) check.detail = detail;
    this.checks.push(check);
    return check.ok;
  }

  /**
   * @param {string} name
   * @param {unknown} actual
   * @param {unknown} expected
   */
  equal(name, actual, expected) {
    const ok = deepEqual(actual, expected);
    return this.check(
      name,
      ok,
      ok ? undefined : `expected ${show(expected)}, found ${show(actual)}`,
    );
  }

  /**
   * @param {string} name
   * @param {number} actual
   * @param {number} floor
   */
  atLeast(name, actual, floor) {
    return this.check(name, actual >= floor, `${actual}, floor ${floor}`);
  }

  /**
   * @param {string} name
   * @param {number} actual
   * @param {number} ceiling
   */
  below(name, actual, ceiling) {
    return this.check(name, actual < ceiling, `${actual}, must be below ${ceiling}`);
  }

  /**
   * Whether an error is the expected one: by the name of its class, its code and its message.
   *
   * @param {string} name
   * @param {DescribedError | undefined} error undefined when nothing was thrown
   * @param {ExpectedError} expected
   */
  error(name, error, expected) {
    if (error === undefined) {
      return this.check(name, false, `nothing was thrown, expected ${show(expected)}`);
    }
    const { type, code, message } = expected;
    const found = `${error.name} [${error.code ?? 'no code'}] ${error.message}`;
    const ok =
      (type === undefined || error.name === type) &&
      (code === undefined || error.code === code) &&
      (message === undefined ||
        (typeof message === 'string' ? error.message === message : message.test(error.message)));
    if (ok && error.code !== undefined) this.provoked.add(error.code);
    const wanted = `${type ?? 'error'} [${code ?? 'any code'}] ${message ?? ''}`;
    return this.check(name, ok, ok ? found : `expected ${wanted}, found ${found}`);
  }

  /**
   * @param {string} name
   * @param {() => unknown} action
   * @param {ExpectedError} expected
   */
  throws(name, action, expected) {
    /** @type {DescribedError | undefined} */
    let error;
    try {
      action();
    } catch (thrown) {
      error = describeError(thrown);
    }
    return this.error(name, error, expected);
  }

  /**
   * @param {string} name
   * @param {() => Promise<unknown>} action
   * @param {ExpectedError} expected
   */
  async rejects(name, action, expected) {
    /** @type {DescribedError | undefined} */
    let error;
    try {
      await action();
    } catch (thrown) {
      error = describeError(thrown);
    }
    return this.error(name, error, expected);
  }

  /**
   * Runs a part of the page; an error that it throws is a failed check, and the next part still runs.
   *
   * @param {string} name
   * @param {() => unknown} part
   */
  async part(name, part) {
    const before = this.checks.length;
    const outer = this.prefix;
    this.prefix = `${outer}${name}: `;
    // For who waits for a report that does not come.
    Object.assign(globalThis, { part: this.prefix });
    try {
      await part();
      if (this.checks.length === before)
        this.check('checked something', false, 'no check was made');
    } catch (error) {
      const { code, message } = describeError(error);
      const stack = error instanceof Error ? error.stack : '';
      this.check('runs to its end', false, `[${code ?? 'no code'}] ${message}\n${stack ?? ''}`);
    } finally {
      this.prefix = outer;
    }
  }

  /**
   * Takes over what a worker found.
   *
   * @param {Result} other
   */
  merge(other) {
    this.checks.push(...other.checks.map((c) => ({ ...c, name: this.prefix + c.name })));
    for (const code of other.provoked) this.provoked.add(code);
    Object.assign(this.figures, other.figures);
  }

  /** @returns {Result} */
  result() {
    return {
      ok: this.checks.length > 0 && this.checks.every((check) => check.ok),
      checks: this.checks,
      provoked: [...this.provoked].sort(),
      figures: this.figures,
    };
  }
}
