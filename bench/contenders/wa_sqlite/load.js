// @ts-check
// The package has no types. It is loaded in those workers alone that use it.

/**
 * The library, its synchronous build started, and one of its file systems.
 *
 * @param {string} vfs the name of the file and of its class
 */
export async function loadWaSqlite(vfs) {
  const [SQLite, { default: start }, { [vfs]: VFS }] = await Promise.all([
    // @ts-expect-error
    import('../../../node_modules/@journeyapps/wa-sqlite/src/sqlite-api.js'),
    // @ts-expect-error
    import('../../../node_modules/@journeyapps/wa-sqlite/dist/wa-sqlite.mjs'),
    import(`../../../node_modules/@journeyapps/wa-sqlite/src/examples/${vfs}.js`),
  ]);
  const module = await start();
  return { SQLite, sqlite3: SQLite.Factory(module), vfs: await VFS.create(vfs, module) };
}
