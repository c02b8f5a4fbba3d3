import { isTerminal, STREAM_PROTOCOL, type RunRequest, type StreamFrame } from '@runvoy/protocol';
import WebSocket from 'ws';
import type { TestApi } from '../services/standalone/test/server.ts';

/** One kind of command to be stopped, and how many of them at a time, how often. */
export interface StopCase {
  readonly name: string;
  readonly command: string;
  /** Stopped as soon as its request is answered, not when it has begun. */
  readonly whileStarting?: true;
  readonly atOnce: number;
  readonly rounds: number;
}

/** Times from the request to stop a run to its being shown as STOPPED, ms: then nothing of it lives. */
export async function stopTimes(server: TestApi, stop: StopCase, request: Partial<RunRequest>): Promise<number[]> {
  const times: number[] = [];
  for (let round = 0; round < stop.rounds; round += 1) {
    times.push(...(await Promise.all(Array.from({ length: stop.atOnce }, () => stopTime(server, stop, request)))));
  }
  return times;
}

async function stopTime(server: TestApi, stop: StopCase, request: Partial<RunRequest>): Promise<number> {
  const { execution_id, websocket_url } = await server.run({ ...request, command: stop.command });
  using watched = watch(websocket_url);
  if (!stop.whileStarting) await watched.begun;
  const before = performance.now();
  await server.call('DELETE', `/api/v1/executions/${execution_id}`);
  const { status, atMs } = await watched.ended;
  if (status !== 'STOPPED') throw new Error(`${stop.name}: ${execution_id} is ${status}, and was stopped`);
  return atMs - before;
}

/** The live view, as far as it tells when a command has begun and when its run is over. */
function watch(url: string) {
  const begun = Promise.withResolvers<void>();
  const ended = Promise.withResolvers<{ readonly status: string; readonly atMs: number }>();
  const socket = new WebSocket(url, STREAM_PROTOCOL);
  socket.on('message', (text: Buffer) => {
    const frame = JSON.parse(text.toString()) as StreamFrame;
    if (frame.type === 'lines' && frame.lines.some((line) => line.text === 'begun')) begun.resolve();
    const status = frame.type === 'status' || frame.type === 'hello' ? frame.status : undefined;
    if (status && isTerminal(status)) ended.resolve({ status, atMs: performance.now() });
  });
  socket.on('error', ended.reject);
  return { begun: begun.promise, ended: ended.promise, [Symbol.dispose]: () => socket.terminate() };
}
