import { describe } from '@jest/globals';
import { newDirectory, startServer } from '../services/standalone/test/server.ts';
import { ONE_AT_A_TIME, queueLife } from './queue-life.ts';

describe('runs on this machine', () => {
  queueLife(async () => Object.assign(await startServer({ env: ONE_AT_A_TIME }), { sharedDirectory: newDirectory() }));
});
