import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';
import { STREAM_PROTOCOL } from '@runvoy/protocol';
import { FrameWalk } from '../frame-walk.ts';
import { machineClockUs } from '../timed-line.ts';
import type { CrowdReport } from '../watchers.ts';

// Many followers of one address. Each notes which frames of lines came, in which order and how long; when all have seen the end, it
// says whether all got the same.
const [address, count] = process.argv.slice(2) as [string, string];
const url = new URL(address);
const seen = new Map<string, number>();
let seenUs = 0;
let toCome = Number(count);
let last: { readonly frames: number; readonly bytes: number } | undefined;

for (let nth = 0; nth < Number(count); nth += 1) await follow();
process.send!('following');

async function follow(): Promise<void> {
  const tally = { frames: 0, bytes: 0, order: 0 };
  const walk = new FrameWalk((beginning, bytes) => {
    const from = /^\{"type":"lines","from":(\d+),/.exec(beginning)?.[1];
    if (from !== undefined) {
      seenUs = machineClockUs();
      tally.frames += 1;
      tally.bytes += bytes;
      tally.order = Math.imul(tally.order ^ Number(from), 0x01000193) ^ bytes;
    } else if (beginning.startsWith('{"type":"end"')) end(beginning);
    else if (beginning.startsWith('{"type":"gap"')) end('a gap');
  });
  const socket = connect(Number(url.port), url.hostname);
  let isOver = false;
  const end = (how: string) => {
    if (!isOver) ended(tally, how);
    isOver = true;
  };
  socket.on('error', (error) => end(error.message)).on('close', () => end('cut off'));
  socket.write(
    [
      `GET ${url.pathname}${url.search} HTTP/1.1`,
      `Host: ${url.host}`,
      'Connection: Upgrade',
      'Upgrade: websocket',
      'Sec-WebSocket-Version: 13',
      `Sec-WebSocket-Key: ${randomBytes(16).toString('base64')}`,
      `Sec-WebSocket-Protocol: ${STREAM_PROTOCOL}`,
      '',
      '',
    ].join('\r\n'),
  );
  const [first] = (await once(socket, 'data')) as [Buffer];
  const header = first.indexOf('\r\n\r\n');
  if (!first.toString('latin1').startsWith('HTTP/1.1 101 ') || header < 0) throw new Error(first.toString());
  walk.push(first.subarray(header + 4));
  socket.on('data', (piece: Buffer) => walk.push(piece));
}

function ended(tally: { readonly frames: number; readonly bytes: number }, how: string): void {
  last = { frames: tally.frames, bytes: tally.bytes };
  const form = JSON.stringify([tally, how]);
  seen.set(form, (seen.get(form) ?? 0) + 1);
  toCome -= 1;
  if (toCome > 0) return;
  process.send!({ ...last, forms: [...seen.keys()], seenUs } satisfies CrowdReport);
}
