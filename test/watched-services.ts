import { once } from 'node:events';
import { issueTicket, type SigningKeys } from '@runvoy/core';
import { emulatorHost } from '@runvoy/google-fakes';
import type { WebSocket } from 'ws';
import { deploymentIn, environmentOf, type Endpoints, type Urls } from '../tools/emulated/deployment.ts';
import { opened } from './revoked-viewers.ts';
import { startService } from './service-process.ts';

/** Nobody listens here: of Google the live view needs its Firestore alone. */
const NOWHERE = '127.0.0.1:9';
const TICKET_MS = 60_000;

/** What a stream closed with, and when, as `performance.now()` says. */
export interface Closed {
  readonly code: number;
  readonly atMs: number;
}

/** Streams that one key opened, one on each process. */
export interface Streams {
  readonly closed: Promise<readonly Closed[]>;
  readonly open: () => number;
}

/** Processes of the websocket service over the emulator's Firestore, as they are deployed, without anything before them. */
export interface WatchedServices extends AsyncDisposable {
  watch(executionId: string, key: string): Promise<Streams>;
}

/** Starts two. Their tickets are signed here: whoever knows the deployment's key may. */
export async function startWatchedServices(projectId: string, signingKeys: SigningKeys): Promise<WatchedServices> {
  const env = websocketEnv(projectId, signingKeys);
  const services = await Promise.all([startService('websocket', env), startService('websocket', env)]);
  const sockets: WebSocket[] = [];
  return {
    async watch(executionId, key) {
      const ticket = issueTicket(signingKeys, {
        execution_id: executionId,
        user_email: '',
        key_id: /^rvy_([^_]+)/.exec(key)![1]!,
        expires_at_ms: Date.now() + TICKET_MS,
      });
      const query = `execution_id=${executionId}&token=${ticket}`;
      const streams = await Promise.all(
        services.map(({ url }) => opened(`${url.replace(/^http/, 'ws')}/stream?${query}`)),
      );
      sockets.push(...streams);
      const closes = streams.map(async (stream) => {
        const [code] = (await once(stream, 'close')) as [number];
        return { code, atMs: performance.now() };
      });
      return {
        closed: Promise.all(closes),
        open: () => streams.filter(({ readyState, OPEN }) => readyState === OPEN).length,
      };
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.terminate();
      for (const service of services) await service[Symbol.asyncDispose]();
    },
  };
}

function websocketEnv(projectId: string, { current: { id, secret } }: SigningKeys): Record<string, string> {
  const names = ['pubsub', 'run', 'secretManager', 'logging', 'scheduler', 'certs', 'iam', 'metadata'] as const;
  const nowhere = Object.fromEntries(names.map((name) => [name, NOWHERE])) as Omit<Endpoints, 'firestore'>;
  const roles = ['orchestrator', 'processor', 'intake', 'websocket'] as const;
  return environmentOf(deploymentIn(projectId), 'websocket', {
    endpoints: { ...nowhere, firestore: emulatorHost('FIRESTORE_EMULATOR_HOST') },
    urls: Object.fromEntries(roles.map((role) => [role, `http://${NOWHERE}`])) as Urls,
    signingKey: `${id}:${Buffer.from(secret).toString('hex')}`,
  });
}
