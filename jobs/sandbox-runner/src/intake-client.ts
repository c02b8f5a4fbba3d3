import { Agent, request } from 'node:http';
import { Agent as SecureAgent, request as secureRequest } from 'node:https';

/** What became of one message. */
export type IntakeReply =
  | { readonly outcome: 'accepted'; readonly body: Readonly<Record<string, unknown>> }
  /** May be tried again: no connection, no answer, an overloaded or broken server. */
  | { readonly outcome: 'unreachable'; readonly why: string }
  /** This message will never be taken; others may be. */
  | { readonly outcome: 'unacceptable'; readonly status: number; readonly why: string }
  /** The server wants nothing more from this runner. */
  | { readonly outcome: 'dismissed'; readonly status: number; readonly why: string };

export type IntakeCall = 'bootstrap' | 'logs' | 'heartbeat' | 'finished';

/** The runner's only way out: one POST a call, never repeated here; who sends decides what to repeat. */
export interface IntakeClient {
  post(call: IntakeCall, body: string | Buffer): Promise<IntakeReply>;
  close(): void;
}

const ANSWER_MS = 30_000;
const ANSWER_BYTES = 4 * 1024 * 1024;
const DISMISSED = new Set([401, 403, 404, 410]);
const TRY_AGAIN = new Set([408, 425, 429]);

/**
 * Opens a client for the intake behind a Unix socket (an absolute path) or a URL. `identityToken` goes with the bootstrap alone;
 * `through` makes the connections, if it is given.
 */
export function openIntakeClient(
  intake: string,
  executionId: string,
  identityToken?: string,
  through?: Agent,
): IntakeClient {
  const url = intake.startsWith('/') ? undefined : new URL(intake);
  const secure = url?.protocol === 'https:';
  const agent = through ?? (secure ? new SecureAgent({ keepAlive: true }) : new Agent({ keepAlive: true }));
  const where = url
    ? { hostname: url.hostname, port: url.port, path: url.pathname.replace(/\/$/, '') }
    : { socketPath: intake, path: '' };

  return {
    post(call, body) {
      return new Promise((resolve) => {
        const unreachable = (why: string) => resolve({ outcome: 'unreachable', why });
        const outgoing = (secure ? secureRequest : request)(
          {
            ...where,
            path: `${where.path}/runner/v1/executions/${executionId}/${call}`,
            method: 'POST',
            agent,
            headers: {
              'content-type': 'application/json',
              'content-length': Buffer.byteLength(body),
              ...(call === 'bootstrap' && identityToken !== undefined && { authorization: `Bearer ${identityToken}` }),
            },
          },
          (incoming) => {
            let text = '';
            incoming.setEncoding('utf8');
            incoming.on('data', (piece: string) => {
              text += piece;
              if (text.length > ANSWER_BYTES) incoming.destroy(new Error('answer too large'));
            });
            incoming.on('end', () => resolve(judge(incoming.statusCode ?? 0, text)));
            incoming.on('error', (error) => unreachable(error.message));
          },
        );
        // Covers a server that accepts and then says nothing.
        const timer = setTimeout(() => outgoing.destroy(new Error(`no answer in ${ANSWER_MS / 1000} s`)), ANSWER_MS);
        outgoing.on('close', () => {
          clearTimeout(timer);
          unreachable('connection closed');
        });
        outgoing.on('error', (error) => unreachable(error.message));
        outgoing.end(body);
      });
    },
    close: () => agent.destroy(),
  };
}

function judge(status: number, text: string): IntakeReply {
  if (status >= 200 && status < 300) {
    try {
      return { outcome: 'accepted', body: JSON.parse(text || '{}') as Record<string, unknown> };
    } catch {
      return { outcome: 'unreachable', why: `status ${status} with a broken body` };
    }
  }
  const why = `status ${status}: ${text.slice(0, 500)}`;
  if (DISMISSED.has(status)) return { outcome: 'dismissed', status, why };
  if (status >= 500 || status < 400 || TRY_AGAIN.has(status)) return { outcome: 'unreachable', why };
  return { outcome: 'unacceptable', status, why };
}
