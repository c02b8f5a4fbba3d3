import { hashToken, newToken } from '../../src/access/tokens.ts';
import type { Execution } from '../../src/executions/execution.ts';
import { RUN_ID } from './life-reports.ts';
import type { LifeModel } from './life-state.ts';
import { STORED_MS } from './life-times.ts';

/** What the platform calls an attempt. */
export const nameOf = (attempt: number): string => `p${attempt}`;
/** The bytes that a look draws for the token of an attempt. */
export const tokenBytes = (attempt: number, draw: 1 | 2 = 1) => new Uint8Array(32).fill(16 * draw + attempt);
export const tokenOf = (attempt: number, draw: 1 | 2 = 1): string => newToken(() => tokenBytes(attempt, draw));

/** The token that the order of this attempt was given. */
export function tokenIn({ facts }: Execution, attempt: number): string {
  const known = facts.attempts.find((other) => other.attempt === attempt)?.token_hash;
  return known === hashToken(tokenOf(attempt, 2)) ? tokenOf(attempt, 2) : tokenOf(attempt);
}

/** A run as it is stored at its submission, with its first attempt. */
export function newRun({ platform, grace_ms }: LifeModel): Execution {
  const named = platform === 'local' ? { platform_execution: nameOf(1) } : {};
  return {
    execution_id: RUN_ID,
    created_by: 'ann@example.com',
    owned_by: ['ann@example.com'],
    command: 'true',
    image_id: 'host:latest-00000000',
    image: 'host',
    cpu: 256,
    memory_mib: 512,
    isolation: 'process',
    timeout_s: 60,
    grace_ms,
    max_log_bytes: 1_000,
    without_input: true,
    request_id: 'r',
    modified_by_request_id: 'r',
    started_at_ms: STORED_MS,
    cloud: 'MODEL',
    facts: { attempts: [{ attempt: 1, token_hash: hashToken(tokenOf(1)), made_at_ms: STORED_MS, ...named }] },
    status: 'STARTING',
    unfinished: true,
    faults: [],
  };
}
