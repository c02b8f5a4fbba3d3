import { describe } from '@jest/globals';
import { newDirectory, startServer } from '../services/standalone/test/server.ts';
import { HIDDEN_ENV, runLife } from './run-life.ts';

describe('a run on this machine', () => {
  runLife(async () => Object.assign(await startServer({ env: HIDDEN_ENV }), { sharedDirectory: newDirectory() }));
});
