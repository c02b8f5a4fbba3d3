import { expect, test } from '@jest/globals';
import { manualClock, runnerSession, takeBatch } from '@runvoy/core';
import { openSecretMask } from '../src/masker.ts';
import { openMessageSigner } from '../src/message-signer.ts';
import { openRunLog } from '../src/run-log.ts';

const ID = 'a'.repeat(32);
const signingKeys = { current: { id: 'k1', secret: Buffer.alloc(32, 1) } };

test('the intake reads batches from the very bytes that the runner writes: none has to be parsed', () => {
  const clock = manualClock(1_795_000_000_000);
  const signer = openMessageSigner(ID, runnerSession(signingKeys, ID, clock.now() + 1));
  let next = 1;
  const log = openRunLog({
    mask: openSecretMask({}),
    batchMs: 0,
    maxLogBytes: 2 ** 20,
    now: () => clock.now(),
    onBatch(batch) {
      const { chunk } = takeBatch({ signingKeys, clock }, ID, Buffer.concat(signer.logs(batch)))!;
      expect(chunk).toMatchObject({ execution_id: ID, from: next });
      next = chunk.through + 1;
    },
    onOutputLimit: () => undefined,
  });
  log.output('stdout', Buffer.from('plain\n\x1b[31mred\x1b[0m "quoted" \\ \t\r\n\n\0\x07\x7f\n'));
  log.output('stderr', Buffer.from([0xff, 0xc3, 10, 0xc3, 0xa9, 10, 0xed, 0xa0, 0x80, 10]));
  log.output('stdout', Buffer.from(`${'é'.repeat(40_000)}\n😀\n`));
  log.system('said by the runner\nin two lines');
  log.output('stdout', Buffer.from('no line feed'));
  log.outputEnded('stdout');
  log.outputEnded('stderr');
  expect(log.close().lines).toBe(next - 1);
});
