/** Gives a row a column by any name: `__proto__` is one like any other. */
export function defineColumn(row: object, name: string, value: unknown): void {
  Object.defineProperty(row, name, {
    value,
    writable: true,
    enumerable: true,
    configurable: true,
  });
}
