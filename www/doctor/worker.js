// @ts-check
// What a worker of the page finds around it.
import { doctor } from '../../dist/doctor/index.js';

const { environment, findings } = await doctor();
postMessage({ environment, findings });
