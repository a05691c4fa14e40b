// Where the script of a pool's workers is when nobody says so: beside this file, and beside the bundle
// where a bundler does not follow the pattern.

/** Starts one in a page. */
export function startPoolWorker(): Worker {
  // Bundlers look for just this, and bring the script along.
  return new Worker(new URL('./pool_worker.js', import.meta.url), {
    type: 'module',
    name: 'sharedwal pool',
  });
}

/** Its address for Node. */
export function poolWorkerFile(): string {
  // Not by the pattern above: a bundler for pages would copy the file a second time.
  return import.meta.url.replace(/[^/]*$/, 'pool_worker.js');
}
