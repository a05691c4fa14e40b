// The part of Node's `node:module` that better_sqlite3_register.ts uses.

declare module 'node:module' {
  type Next = (specifier: string, context: unknown) => unknown;
  interface Hooks {
    resolve(specifier: string, context: unknown, next: Next): unknown;
  }
  const module: {
    registerHooks?: (hooks: Hooks) => unknown;
    register(hooks: string, options: { data: unknown }): void;
  };
  export default module;
}
