// @ts-check
// What every worker of the test pages does with the messages that it gets.

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

/**
 * Runs the tasks that messages ask for and answers what each returned or threw.
 *
 * @param {(module: string) => Promise<any> | any} find the module of that name
 */
export function answerTasks(find) {
  globalThis.addEventListener(
    'message',
    async (/** @type {MessageEvent<TaskMessage>} */ { data: { id, module, task, args } }) => {
      /** @type {TaskAnswer} */
      let answer;
      try {
        const tasks = await find(module);
        if (typeof tasks[task] !== 'function') throw new Error(`${module}.js has no task ${task}`);
        answer = { id, result: await tasks[task](args) };
      } catch (error) {
        answer = { id, error: describe(error) };
      }
      postMessage(answer);
    },
  );
}
