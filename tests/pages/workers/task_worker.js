// @ts-check
// The one worker of all test pages: runs a named function of a task module and answers what it
// returned. Module state stays from task to task, so a module can keep connections open between
// them. The library is imported by the task modules, by relative path: import maps do not apply here.

/**
 * @typedef {{ id: number, module: string, task: string, args: unknown }} TaskMessage
 * @typedef {{ id: number, result?: unknown, error?: { name: string, message: string, code?: string, stack?: string } }} TaskAnswer
 */

/** @param {unknown} error */
function describe(error) {
  if (!(error instanceof Error)) return { name: typeof error, message: String(error) };
  const code = /** @type {{ code?: unknown }} */ (error).code;
  return {
    name: error.constructor.name,
    message: error.message,
    ...(typeof code === 'string' ? { code } : {}),
    ...(error.stack ? { stack: error.stack } : {}),
  };
}

globalThis.addEventListener('message', async (/** @type {MessageEvent<TaskMessage>} */ event) => {
  const { id, module, task, args } = event.data;
  /** @type {TaskAnswer} */
  let answer;
  try {
    const tasks = await import(`./${module}.js`);
    if (typeof tasks[task] !== 'function') throw new Error(`${module}.js has no task ${task}`);
    answer = { id, result: await tasks[task](args) };
  } catch (error) {
    answer = { id, error: describe(error) };
  }
  postMessage(answer);
});
