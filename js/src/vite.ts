/**
 * A plugin for Vite: `plugins: [sharedwal()]` in `vite.config.js`. Runs in Vite's Node, not in a page,
 * and shares no code with the rest.
 *
 * @packageDocumentation
 */

/** Options of {@link sharedwal}. */
export interface SharedwalPluginOptions {
  /**
   * The page's `Cross-Origin-Embedder-Policy`. With `credentialless`, resources of other origins need
   * no header of theirs, but are fetched without cookies, and Safari does not know it. Default
   * `require-corp`.
   */
  embedderPolicy?: 'require-corp' | 'credentialless' | undefined;
}

interface Response {
  setHeader(name: string, value: string): unknown;
}

interface Server {
  middlewares: {
    use(handler: (request: unknown, response: Response, next: () => void) => void): unknown;
  };
}

/** What {@link sharedwal} returns: as much of Vite's type `Plugin` as it has. */
export interface SharedwalPlugin {
  /** As Vite's messages call it. */
  name: string;
  /** What it sets. */
  config(): { worker: { format: 'es' }; optimizeDeps: { exclude: string[] } };
  /** Adds the headers in development. */
  configureServer(server: Server): void;
  /** Adds the headers in `vite preview`. */
  configurePreviewServer(server: Server): void;
}

/**
 * Has Vite serve cross-origin isolated pages, in development and in preview, and leave sharedwal's
 * files as they are: bundled ahead for development, they would not find the WebAssembly module (Vite 7;
 * Vite 8 moves it along). The same for what stands in for `better-sqlite3`: bundled into Drizzle, it
 * would be a second one, which knows none of the registered runtimes. Workers become ES modules.
 *
 * The host of the built page must send the headers by itself.
 *
 * @throws TypeError for an unknown `embedderPolicy`
 */
export function sharedwal({
  embedderPolicy = 'require-corp',
}: SharedwalPluginOptions = {}): SharedwalPlugin {
  if (embedderPolicy !== 'require-corp' && embedderPolicy !== 'credentialless') {
    throw new TypeError('Expected "embedderPolicy" to be "require-corp" or "credentialless"');
  }
  // Not `server.headers`: who renders the page by a middleware of its own would be left out.
  const isolate = ({ middlewares }: Server) => {
    middlewares.use((_request, response, next) => {
      response.setHeader('Cross-Origin-Opener-Policy', 'same-origin');
      response.setHeader('Cross-Origin-Embedder-Policy', embedderPolicy);
      next();
    });
  };
  return {
    name: 'sharedwal',
    config: () => ({
      worker: { format: 'es' },
      optimizeDeps: { exclude: ['sharedwal', 'better-sqlite3'] },
    }),
    configureServer: isolate,
    configurePreviewServer: isolate,
  };
}

export default sharedwal;
