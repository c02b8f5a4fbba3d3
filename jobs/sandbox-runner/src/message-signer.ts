import { createHmac } from 'node:crypto';
import {
  type FinishedMessage,
  type HeartbeatMessage,
  type RunnerSession,
  type Unsigned,
  signedLogsHead,
  signedText,
} from '@runvoy/protocol';
import type { Batch } from './batch-writer.ts';

type Body<M> = Omit<Unsigned<M>, 'expires_at' | 'key_id'>;

/** Makes the bodies of runner messages, signed with the key of this execution alone. */
export interface MessageSigner {
  /** In pieces, one behind the other; they are there until the next line is written. */
  logs(batch: Batch): readonly Buffer[];
  heartbeat(message: Body<HeartbeatMessage>): string;
  finished(message: Body<FinishedMessage>): string;
}

export function openMessageSigner(executionId: string, session: RunnerSession): MessageSigner {
  const key = Buffer.from(session.key, 'hex');
  const { expires_at, key_id } = session;
  const signedHead = signedLogsHead(executionId, session);
  const mac = (...parts: readonly (string | Buffer)[]) => {
    const hmac = createHmac('sha256', key);
    for (const part of parts) hmac.update(part);
    return hmac.digest('hex');
  };
  return {
    logs({ from, json, signed }) {
      const signature = mac(signedHead, signed);
      // Put together by hand: the lines are JSON already, and they are nearly all of it.
      return [
        Buffer.from(`{"from":${from},"lines":`),
        json,
        Buffer.from(`,"expires_at":${expires_at},"key_id":${JSON.stringify(key_id)},"mac":"${signature}"}`),
      ];
    },
    heartbeat(body) {
      const message = { ...body, expires_at, key_id };
      return JSON.stringify({ ...message, mac: mac(signedText('heartbeat', executionId, message)) });
    },
    finished(body) {
      const message = { ...body, expires_at, key_id };
      return JSON.stringify({ ...message, mac: mac(signedText('finished', executionId, message)) });
    },
  };
}
