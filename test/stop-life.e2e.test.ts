import { describe } from '@jest/globals';
import { newDirectory, startServer } from '../services/standalone/test/server.ts';
import { stopLife } from './stop-life.ts';

describe('a run on this machine', () => {
  stopLife(async () => Object.assign(await startServer(), { sharedDirectory: newDirectory() }));
});
