import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, jest, test } from '@jest/globals';
import { follow, texts } from './follower.ts';
import { skippedFor, whyNo } from './isolation-here.ts';
import { newDirectory, startServer } from './server.ts';

// Real processes on a machine that may be busy with others.
jest.setTimeout(60_000);

const levels = [
  { level: 'process', why: undefined },
  { level: 'bubblewrap', why: await whyNo('bubblewrap') },
  { level: 'container', why: await whyNo('container') },
] as const;

for (const { level, why } of levels) {
  (why === undefined ? test : test.skip)(
    `a command under ${level} has its three streams alone, whatever the server was started with${skippedFor(why)}`,
    async () => {
      const file = join(newDirectory(), 'of-the-server');
      writeFileSync(file, 'secret');
      // Not next to the standard streams: those Node closes by itself.
      const through = ['bash', '-c', 'exec 200<"$0"; exec "$@"', file] as const;
      await using server = await startServer({ through, env: { RUNVOY_LOCAL_ISOLATION: level } });
      // `ls` opens the directory itself, with the first number that is free.
      const { websocket_url } = await server.run('ls /proc/self/fd');
      expect(texts(await follow(websocket_url).done)).toEqual(['0', '1', '2', '3']);
    },
  );
}
