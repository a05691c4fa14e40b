/**
 * `sharedwal/better-sqlite3/register`, for Node alone: from here on `import 'better-sqlite3'`, in
 * whatever package, is `sharedwal/better-sqlite3`. As the alias of a bundler.
 *
 * @example
 * ```sh
 * node --import sharedwal/better-sqlite3/register app.mjs
 * ```
 *
 * @packageDocumentation
 */

import module from 'node:module';

const { href } = new URL('better_sqlite3.js', import.meta.url);

// Hooks that run in the thread itself came with Node 22.15; before that they are a module in another.
if (module.registerHooks !== undefined) {
  module.registerHooks({
    resolve: (specifier, context, next) =>
      specifier === 'better-sqlite3' ? { url: href, shortCircuit: true } : next(specifier, context),
  });
} else {
  const hooks = `let url;
    export const initialize = (data) => { url = data };
    export const resolve = (specifier, context, next) =>
      specifier === 'better-sqlite3' ? { url, shortCircuit: true } : next(specifier, context);`;
  module.register(`data:text/javascript,${encodeURIComponent(hooks)}`, { data: href });
}
