// A thread that checks one area of the API, and tells what it found.
import { parentPort, workerData } from 'node:worker_threads';
import { checkArea, checkBeforeInit } from '../pages/workers/api_tasks.js';

const { area } = workerData;
parentPort?.postMessage(await (area === 'before init' ? checkBeforeInit() : checkArea({ area })));
