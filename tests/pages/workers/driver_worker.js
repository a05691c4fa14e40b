// @ts-check
// The worker of the driver tests: bundled, since import maps do not apply in workers.
import { answerTasks } from './answer_tasks.js';
import * as tasks from './driver_tasks.js';

answerTasks(() => tasks);
