import { parentPort, workerData } from 'node:worker_threads';
import type { BatchOrder } from './batch.ts';
import { plant } from './plant.ts';

const { order, bug } = workerData as { order: BatchOrder; bug?: string };
// Before core is loaded, and in every thread of its own.
if (bug !== undefined) plant(bug);
const { runBatch } = await import('./batch.ts');
const report = await runBatch(order, (done) => parentPort?.postMessage({ done }));
parentPort?.postMessage({ report });
