import canonicalize from 'canonicalize';
import { signedRows } from './log-rows.ts';
import type { FinishedMessage, HeartbeatMessage, LogsMessage } from './runner.ts';

/** A message before it is signed. */
export type Unsigned<M> = Omit<M, 'mac'>;

/**
 * The text a runner message's MAC runs over: `runvoy.<kind>.v1 LF execution id LF` and the canonical form of the message without `mac`.
 * Canonical form is RFC 8785 JSON, except for `logs`: rows cost a tenth of canonical JSON on 100 KiB.
 * `expires_at` and `key_id` are covered in every kind.
 */
export function signedText(kind: 'logs', executionId: string, message: Unsigned<LogsMessage>): string;
export function signedText(kind: 'heartbeat', executionId: string, message: Unsigned<HeartbeatMessage>): string;
export function signedText(kind: 'finished', executionId: string, message: Unsigned<FinishedMessage>): string;
export function signedText(
  kind: 'logs' | 'heartbeat' | 'finished',
  executionId: string,
  message: Unsigned<LogsMessage> | Unsigned<HeartbeatMessage> | Unsigned<FinishedMessage>,
): string {
  const head = `runvoy.${kind}.v1\n${executionId}\n`;
  if (kind === 'logs') {
    const logs = message as Unsigned<LogsMessage>;
    return signedLogsHead(executionId, logs) + signedRows(logs.from, logs.lines);
  }
  const { mac: _, ...unsigned } = message as { mac?: string };
  return head + canonicalize(unsigned);
}

/** What the MAC of a `logs` message runs over before its rows. */
export function signedLogsHead(
  executionId: string,
  { key_id, expires_at }: Pick<LogsMessage, 'key_id' | 'expires_at'>,
): string {
  return `runvoy.logs.v1\n${executionId}\n${key_id}\n${expires_at}\n`;
}
