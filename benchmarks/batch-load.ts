import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { Agent, request } from 'node:http';
import { signedText, type LogLine, type RunnerSession } from '@runvoy/protocol';
import { longLines } from './long-log-file.ts';

/** As the runner has them under way. */
const AT_ONCE = 4;
/** Lines of 200 bytes of which one more would make a batch of more than 100 KiB. */
const LINES_A_BATCH = 390;

/** Lines `from` to `through` of a log of 200 bytes a line, in the very bytes in which a runner posts them. */
export function signedBatches(id: string, session: RunnerSession, from: number, through: number): Buffer[] {
  const batches: Buffer[] = [];
  for (let first = from; first <= through; first += LINES_A_BATCH) {
    batches.push(signedBatch(id, session, longLines(first, Math.min(through, first + LINES_A_BATCH - 1))));
  }
  return batches;
}

function signedBatch(id: string, { key, key_id, expires_at }: RunnerSession, lines: readonly LogLine[]): Buffer {
  const message = { from: lines[0]!.seq, lines, expires_at, key_id };
  const text = signedText('logs', id, message);
  const mac = createHmac('sha256', Buffer.from(key, 'hex')).update(text).digest('hex');
  return Buffer.from(JSON.stringify({ ...message, mac }));
}

/** Posts the batches to an intake behind a Unix socket, four at a time, and resolves when all are acknowledged. */
export async function postBatches(socketPath: string, id: string, batches: readonly Buffer[]): Promise<void> {
  const agent = new Agent({ keepAlive: true });
  const rest = batches.values();
  const sender = async () => {
    for (const batch of rest) await post({ agent, socketPath, path: `/runner/v1/executions/${id}/logs` }, batch);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, sender));
  agent.destroy();
}

async function post(where: { agent: Agent; socketPath: string; path: string }, batch: Buffer): Promise<void> {
  const headers = { 'content-type': 'application/json', 'content-length': batch.length };
  const outgoing = request({ ...where, method: 'POST', headers }).end(batch);
  const [answer] = (await once(outgoing, 'response')) as [import('node:http').IncomingMessage];
  answer.setEncoding('utf8');
  let text = '';
  for await (const piece of answer) text += piece as string;
  if (answer.statusCode !== 200) throw new Error(`the intake answers ${answer.statusCode}: ${text}`);
}
