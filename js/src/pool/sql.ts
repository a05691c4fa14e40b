import { typeError } from '../errors.js';
import type { BindableValue } from '../values.js';

/** A statement and its parameters, as {@link sql} makes them. */
export interface SqlStatement {
  /** With a `?` for each value. */
  readonly sql: string;
  /** The values. */
  readonly params: readonly BindableValue[];
}

/**
 * Makes a statement of a template. The values in it become parameters: they are bound, never part of
 * the SQL, so that no value can change what the statement means. Names of tables and columns cannot
 * be bound.
 *
 * @example
 * ```ts
 * await pool.batch([
 *   sql`INSERT INTO visits (page) VALUES (${page})`,
 *   sql`UPDATE pages SET visits = visits + 1 WHERE name = ${page}`,
 * ]);
 * ```
 *
 * @throws TypeError `INVALID_ARGUMENT` if it is not used as the tag of a template
 */
export function sql(template: TemplateStringsArray, ...values: BindableValue[]): SqlStatement {
  if (!Array.isArray(template) || !Array.isArray(template.raw)) {
    throw typeError('Expected a template: sql`SELECT …`, without parentheses', 'INVALID_ARGUMENT');
  }
  return { sql: template.join('?'), params: values };
}
