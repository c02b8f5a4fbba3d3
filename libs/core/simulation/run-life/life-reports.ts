import { createHmac } from 'node:crypto';
import { signedText, type FinishedMessage } from '@runvoy/protocol';
import type { SigningKeys } from '../../src/access/signing-keys.ts';
import { runnerSession } from '../../src/executions/runner-session.ts';
import type { PlatformKind, ReportName } from './life-state.ts';
import { LATE_MS, STORED_MS } from './life-times.ts';

export const RUN_ID = '0'.repeat(31) + '1';
export const SIGNING_KEYS: SigningKeys = { current: { id: 'k1', secret: Buffer.alloc(32, 7) } };

/** The signed report of each name, as the runner of that platform makes it. */
export function reportOf(platform: PlatformKind, name: ReportName): FinishedMessage {
  const { expires_at, key, key_id } = runnerSession(SIGNING_KEYS, RUN_ID, LATE_MS + 86_400_000);
  const message = {
    ...endOf(platform, name),
    started_at: STORED_MS,
    ended_at: STORED_MS,
    lines: 1,
    bytes: 4,
    sha256: '0'.repeat(64),
    maskings: 0,
    expires_at,
    key_id,
  };
  const mac = createHmac('sha256', Buffer.from(key, 'hex'))
    .update(signedText('finished', RUN_ID, message))
    .digest('hex');
  return { ...message, mac };
}

/** To a sidecar a cancel is a signal that nobody announced; a supervisor reads from its own files that it is a stop. */
function endOf(platform: PlatformKind, name: ReportName): Pick<FinishedMessage, 'cause' | 'exit_code' | 'signal'> {
  const cause = platform === 'cloud' ? 'terminated' : 'stop';
  switch (name) {
    case 'ok':
      return { cause: 'exited', exit_code: 0 };
    case 'err':
      return { cause: 'exited', exit_code: 3 };
    case 'timeout':
      return { cause: 'timeout', signal: 'SIGTERM' };
    case 'obeyed':
      return { cause, exit_code: 0 };
    case 'killed':
      return { cause, signal: 'SIGKILL' };
    case 'told':
      return { cause: 'stop', signal: 'SIGTERM' };
  }
}
