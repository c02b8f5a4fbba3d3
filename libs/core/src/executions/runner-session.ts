import { createHmac } from 'node:crypto';
import {
  signedLogsHead,
  signedText,
  type FinishedMessage,
  type HeartbeatMessage,
  type LogsMessage,
  type RunnerSession,
} from '@runvoy/protocol';
import { Failure } from '../failure.ts';
import { findSigningKey, sign, type SigningKeys } from '../access/signing-keys.ts';
import { sameHash } from '../access/tokens.ts';
import type { Millis } from '../time/clock.ts';

const DAY_MS = 86_400_000;

/** How long after a run's deadline its messages still count: longer than both log lanes keep anything (7 days). */
export const SESSION_OUTLIVES_DEADLINE_MS = 8 * DAY_MS;

/** The key that signs one execution's messages until `expiresAtMs`; derived, so verifying costs no read. */
export function runnerSession(keys: SigningKeys, executionId: string, expiresAtMs: Millis): RunnerSession {
  const { id, secret } = keys.current;
  return { key: sessionKey(secret, executionId, expiresAtMs), expires_at: expiresAtMs, key_id: id };
}

function sessionKey(secret: Uint8Array, executionId: string, expiresAtMs: Millis): string {
  return sign(secret, `runvoy.session.v1\n${executionId}\n${expiresAtMs}`);
}

export type RunnerMessage =
  | { readonly kind: 'logs'; readonly body: LogsMessage }
  | { readonly kind: 'heartbeat'; readonly body: HeartbeatMessage }
  | { readonly kind: 'finished'; readonly body: FinishedMessage };

/**
 * Fails with `BAD_SIGNATURE` unless the message was signed with this execution's session key and the key has not expired.
 * Nothing else about a message is believed: not its lane, not its labels.
 */
export function verifyRunnerMessage(
  keys: SigningKeys,
  nowMs: Millis,
  executionId: string,
  message: RunnerMessage,
): void {
  const session = openSession(keys, nowMs, executionId, message.body);
  if (!session || !sameHash(sign(session, textOf(executionId, message)), message.body.mac)) {
    throw new Failure('BAD_SIGNATURE');
  }
}

/** The same check of a batch whose lines are rows already, in UTF-8, as `signedRows` writes them. */
export function isSignedBatch(
  keys: SigningKeys,
  nowMs: Millis,
  executionId: string,
  batch: Pick<LogsMessage, 'expires_at' | 'key_id' | 'mac'> & { readonly rows: Uint8Array },
): boolean {
  const session = openSession(keys, nowMs, executionId, batch);
  if (!session) return false;
  const mac = createHmac('sha256', session).update(signedLogsHead(executionId, batch)).update(batch.rows);
  return sameHash(mac.digest('hex'), batch.mac);
}

/** The key of the session that a message names; none when the signing key is unknown or the session is over. */
function openSession(
  keys: SigningKeys,
  nowMs: Millis,
  executionId: string,
  { expires_at, key_id }: Pick<LogsMessage, 'expires_at' | 'key_id'>,
): Uint8Array | undefined {
  const key = findSigningKey(keys, key_id);
  if (!key || expires_at <= nowMs) return undefined;
  return Buffer.from(sessionKey(key.secret, executionId, expires_at), 'hex');
}

function textOf(executionId: string, message: RunnerMessage): string {
  if (message.kind === 'logs') return signedText('logs', executionId, message.body);
  if (message.kind === 'heartbeat') return signedText('heartbeat', executionId, message.body);
  return signedText('finished', executionId, message.body);
}
