import { expect, test } from '@jest/globals';
import { reasonLine } from '../../src/executions/reason-line.ts';
import { after, bootstrapped, finished, laneSettled, platformEnded, starting, stopRequested } from './facts.ts';

const ran = (...[report]: Parameters<typeof finished>) => after(bootstrapped(), finished(report), platformEnded());

test.each([
  [starting, 'waiting for the platform to confirm its start'],
  [after(bootstrapped()), 'its command is running'],
  [after(bootstrapped(), stopRequested), 'waiting until nothing of it lives'],
  [ran({ exit_code: 0 }), 'its command ended with exit code 0'],
  [
    after(bootstrapped(), stopRequested, finished({ exit_code: 0 }), platformEnded()),
    'its command ended well before the stop reached it',
  ],
  [ran({ exit_code: 3 }), 'its command ended with exit code 3'],
  [ran({ signal: 'SIGKILL' }), 'its command was ended by SIGKILL, exit code 137'],
  [ran({ cause: 'timeout' }), 'its time limit was over'],
  [after(bootstrapped(), platformEnded(), laneSettled()), 'its runner was lost before it could report'],
  [
    after(bootstrapped(), stopRequested, finished({ cause: 'stop', signal: 'SIGTERM' }), platformEnded()),
    'ann@example.com stopped it',
  ],
])('%#: every state has its line', (execution, line) => {
  expect(reasonLine(execution)).toBe(line);
});
