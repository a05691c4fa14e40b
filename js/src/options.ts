import { ownError, typeError } from './errors.js';

/**
 * Makes sure that `options` is an object without names that nobody knows: a misspelled option
 * would otherwise be ignored in silence.
 *
 * @throws SqliteError `INVALID_OPTION`
 */
export function requireKnownOptions(options: unknown, known: readonly string[]): void {
  if (typeof options !== 'object' || options === null) {
    throw ownError('INVALID_OPTION', 'The options must be an object');
  }
  for (const name of Object.keys(options)) {
    if (!known.includes(name)) {
      throw ownError('INVALID_OPTION', `There is no option "${name}", only ${known.join(', ')}`);
    }
  }
}

/**
 * An option that has one of some values; `standard` where it is missing.
 *
 * @throws TypeError `INVALID_OPTION`
 */
export function choiceOption<Choice extends string>(
  value: unknown,
  name: string,
  choices: readonly Choice[],
  standard: Choice,
): Choice {
  if (value === undefined) return standard;
  if (!(choices as readonly unknown[]).includes(value)) {
    const wanted = choices.join(', ');
    throw typeError(`Expected the "${name}" option to be one of ${wanted}`, 'INVALID_OPTION');
  }
  return value as Choice;
}

/**
 * A boolean option, false where it is missing.
 *
 * @throws TypeError with the given code, as in better-sqlite3
 */
export function booleanOption<Name extends string>(
  options: { readonly [name in Name]?: unknown },
  name: Name,
  code: 'INVALID_OPTION' | 'INVALID_ARGUMENT',
): boolean {
  const value: unknown = options[name];
  if (value === undefined) return false;
  if (typeof value !== 'boolean') {
    throw typeError(`Expected the "${name}" option to be a boolean`, code);
  }
  return value;
}
