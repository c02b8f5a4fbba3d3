import { describe } from '@jest/globals';
import { newDirectory, startServer } from '../services/standalone/test/server.ts';
import { PAGE_ORIGIN, runvoyContract } from './runvoy-contract.ts';

describe('for runvoy’s own clients, a server on this machine', () => {
  runvoyContract(async () => {
    const env = { RUNVOY_CORS_ALLOWED_ORIGINS: PAGE_ORIGIN, RUNVOY_LOCAL_TRUST_ALL_USERS: 'true' };
    return Object.assign(await startServer({ env }), { sharedDirectory: newDirectory() });
  });
});
