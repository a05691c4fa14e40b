// @ts-check

/**
 * The library, without those of its file systems in OPFS that would start a worker of their own.
 * It is loaded in those workers alone that use it.
 */
export async function loadSqlite() {
  Object.assign(globalThis, {
    sqlite3ApiConfig: { disable: { vfs: { opfs: true, 'opfs-vfs': true, 'opfs-wl': true } } },
  });
  const { default: start } = await import(
    '../../../node_modules/@sqlite.org/sqlite-wasm/dist/index.mjs'
  );
  return start();
}
