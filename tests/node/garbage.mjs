// For tests of what the engine finds out when nobody can reach something any more.
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');

/** Collects it now. What is told of it comes in a later turn of the event loop. */
export const collectGarbage = runInNewContext('gc');
