// @ts-check
// The worker of the kill test: with its one task module, so that both can be bundled to start fast.
import { answerTasks } from './answer_tasks.js';
import * as tasks from './kill_tasks.js';

answerTasks(() => tasks);
