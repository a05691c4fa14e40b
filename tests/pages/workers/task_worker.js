// @ts-check
// The one worker of nearly all test pages: runs a named function of a task module and answers what
// it returned. Module state stays from task to task, so a module can keep connections open between
// them. The library is imported by the task modules, by relative path: import maps do not apply here.
import { answerTasks } from './answer_tasks.js';

answerTasks((module) => import(`./${module}.js`));
