import { jest } from '@jest/globals';

// Set up for the projects whose tests wait for real processes and emulators on whatever machine this is: a test that fails is
// tried once more at the end of its file. It is never silent: `npm test` names each such test with the reason it failed first.
jest.retryTimes(1, { logErrorsBeforeRetry: true });
