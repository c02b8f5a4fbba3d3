import { expect, test } from '@jest/globals';
import { runvoyHere } from './runvoy-here.ts';

test.each([
  ['secrets', ['update', 's', '--variable', 'A', '--key-name', 'B'], '--variable and --key-name exclude each other.'],
  ['secrets', ['update', 's', '--value', 'a', '--new-value'], '--value and --new-value exclude each other.'],
  ['export', ['--logs', '--no-history'], '--no-history and --logs exclude each other'],
])('%s with %j, of which one would be passed over, is refused', async (name, args, problem) => {
  const access = { endpoint: 'http://127.0.0.1:1', apiKey: 'k' };
  await expect(runvoyHere([name, ...args], access)).rejects.toThrow(problem);
});
