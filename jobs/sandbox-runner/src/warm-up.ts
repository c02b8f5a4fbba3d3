import { Agent } from 'node:http';
import { Duplex } from 'node:stream';
import { type IntakeReply, openIntakeClient } from './intake-client.ts';
import { openSecretMask } from './masker.ts';
import { openMessageSigner } from './message-signer.ts';
import { openRunLog } from './run-log.ts';

const NOBODY = '0'.repeat(32);

/**
 * Goes once through what a run needs for its first line: a call to an intake, which is played here, and a signed batch. What runs
 * for the first time in a process is compiled and set up first, ten times as long as the work itself takes; a supervisor that waits
 * for its order has that time, and a run has not. Answers what the played intake said.
 */
export async function warmUp(now: () => number): Promise<IntakeReply> {
  const agent = new Agent();
  agent.createConnection = () => playedIntake();
  const intake = openIntakeClient('/', NOBODY, undefined, agent);
  const signer = openMessageSigner(NOBODY, { key: '00', key_id: '', expires_at: 0 });
  const bodies: Buffer[] = [];
  const log = openRunLog({
    mask: openSecretMask({ NAME: 'a value' }),
    batchMs: 0,
    maxLogBytes: 1_000,
    now,
    onBatch: (batch) => bodies.push(...signer.logs(batch)),
    onOutputLimit: () => undefined,
  });
  log.system('a line');
  log.output('stdout', Buffer.from('a line\n'));
  const report = signer.finished({ cause: 'exited', started_at: 0, ended_at: 0, ...log.close(), maskings: 0 });
  const reply = await intake.post('bootstrap', Buffer.concat([...bodies, Buffer.from(report)]));
  intake.close();
  return reply;
}

/** A connection whose other end answers the first that it is sent with `{}`. */
function playedIntake(): Duplex {
  let hasAnswered = false;
  const connection: Duplex = new Duplex({
    read: () => undefined,
    write(_chunk, _encoding, done) {
      done();
      if (hasAnswered) return;
      hasAnswered = true;
      connection.push('HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}');
    },
  });
  return connection;
}
