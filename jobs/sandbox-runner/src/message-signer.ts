import { createHmac } from 'node:crypto';
import {
  type FinishedMessage,
  type HeartbeatMessage,
  type RunnerSession,
  type Unsigned,
  signedLogsHead,
  signedText,
} from '@runvoy/protocol';
import type { Batch } from './batcher.ts';

type Body<M> = Omit<Unsigned<M>, 'expires_at' | 'key_id'>;

/** Makes the bodies of runner messages, signed with the key of this execution alone. */
export interface MessageSigner {
  logs(batch: Batch): string;
  heartbeat(message: Body<HeartbeatMessage>): string;
  finished(message: Body<FinishedMessage>): string;
}

export function openMessageSigner(executionId: string, session: RunnerSession): MessageSigner {
  const key = Buffer.from(session.key, 'hex');
  const { expires_at, key_id } = session;
  const mac = (text: string) => createHmac('sha256', key).update(text).digest('hex');
  return {
    logs({ lines, json, rows }) {
      const from = lines[0]!.seq;
      const signature = mac(signedLogsHead(executionId, session) + rows.signed);
      // Put together by hand: the lines are JSON already, and they are nearly all of it.
      return `{"from":${from},"lines":${json},"expires_at":${expires_at},"key_id":${JSON.stringify(key_id)},"mac":"${signature}"}`;
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
