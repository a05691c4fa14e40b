import type { Connection } from './connection.js';
import { heed } from './engine.js';
import { WORD } from './layout.js';
import type { Runtime } from './runtime.js';
import { controlWords } from './runtime_handle.js';

/**
 * Has a connection do what others ask of it when it runs nothing, as far as this context's event
 * loop runs: to roll back and stop, to clean up after the dead. And what it owes them: a commit that it
 * could not publish, since somebody died or stood still in the middle of that. Who asks, or owes, counts the
 * word that this waits for. Where the engine cannot wait so, the connection's next statement looks.
 */
export function heedWhileIdle(runtime: Runtime, connection: Connection): void {
  if (Atomics.waitAsync === undefined) return;
  const words = controlWords(runtime);
  const look = () => {
    // Before the look, or a request after it would be waited over.
    const seen = Atomics.load(words, WORD.ROSTER);
    const pauseMs = connection.isOpen ? heed(connection.database) : undefined;
    if (pauseMs === undefined) return;
    const wait = Atomics.waitAsync(words, WORD.ROSTER, seen, pauseMs);
    if (wait.async)
      wait.value.then(look).catch(() => {}); // A crash is told by the next call.
    else queueMicrotask(look);
  };
  look();
}
