import { workerData, type MessagePort } from 'node:worker_threads';
import type { BatchOrder } from './batch.ts';
import { plant } from './plant.ts';

const { order, bug, port } = workerData as { order: BatchOrder; bug?: string; port: MessagePort };
// Outages are thrown by the thousand; of a defect the first place is all that is told.
Error.stackTraceLimit = 1;
// Before core is loaded, and in every thread of its own.
if (bug !== undefined) plant(bug);
const { runBatch } = await import('./batch.ts');
const tell = (message: object) => port.postMessage(message, []);
const report = await runBatch(order, (progress) => tell({ progress }));
tell({ report });
port.close();
