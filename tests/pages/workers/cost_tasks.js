// @ts-check
// First of all, since it has to be there before the package is.
import { operations, ready } from '../../costs/operations.js';

/** @param {{ title: string, source: any }} args */
export async function count({ title, source }) {
  await ready();
  const operation = operations.find((one) => one.title === title);
  return [await operation?.count(source)].flat();
}

export const titles = () =>
  operations.map(({ title, database, pages }) => ({ title, database, pages }));
