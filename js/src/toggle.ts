import { typeError } from './errors.js';

/**
 * What the argument of a toggling method says: on without one.
 *
 * @throws TypeError `INVALID_ARGUMENT`
 */
export function toggled(args: readonly [toggle?: unknown]): boolean {
  if (args.length === 0) return true;
  const [toggle] = args;
  if (typeof toggle !== 'boolean') {
    throw typeError('Expected first argument to be a boolean', 'INVALID_ARGUMENT');
  }
  return toggle;
}
