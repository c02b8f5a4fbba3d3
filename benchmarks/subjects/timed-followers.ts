import { once } from 'node:events';
import WebSocket from 'ws';
import { STREAM_PROTOCOL, type LogLine, type StreamFrame } from '@runvoy/protocol';
import { machineClockUs, writtenAtUs } from '../timed-line.ts';
import type { TimedReport } from '../watchers.ts';

// Follows one run a few times, reads everything, and notes of each line how long after it was written it was seen.
/** What runs for the first time is no measure of the rest. */
const WARM_UP_US = 1e6;
const [address, count] = process.argv.slice(2) as [string, string];
const reports = Array.from({ length: Number(count) }, () => Promise.withResolvers<TimedReport>());

for (const { resolve, reject } of reports) {
  const take = newReader(resolve);
  if (address.startsWith('http')) {
    await followEvents(take);
    continue;
  }
  const socket = new WebSocket(address, STREAM_PROTOCOL);
  socket.on('message', (text: Buffer) => take(JSON.parse(text.toString()) as StreamFrame, text.length));
  socket.on('close', (code) => reject(new Error(`closed with ${code} before its end`)));
  await once(socket, 'open');
}
process.send!('following');
process.send!(await Promise.all(reports.map(({ promise }) => promise)));

function newReader(done: (report: TimedReport) => void): (frame: StreamFrame, bytes: number) => void {
  const latenciesMs: number[] = [];
  const faults: string[] = [];
  const writtenUs: number[] = [];
  let first: string | undefined;
  let seenUs = 0;
  let [next, lines, frames, bytes] = [1, 0, 0, 0];
  const takeLine = (line: LogLine, atUs: number) => {
    if (line.seq !== next) faults.push(`line ${line.seq} where ${next} was to come`);
    next = line.seq + 1;
    if (line.stream === 'system') return;
    first ??= line.text;
    lines += 1;
    const written = writtenAtUs(line.text);
    if (written === undefined) return;
    writtenUs.push(written);
    if (written - writtenUs[0]! >= WARM_UP_US) latenciesMs.push((atUs - written) / 1_000);
  };
  return (frame, length) => {
    const atUs = machineClockUs();
    if (frame.type === 'lines') {
      seenUs = atUs;
      frames += 1;
      bytes += length;
      for (const line of frame.lines) takeLine(line, atUs);
    } else if (frame.type === 'gap') faults.push(`a gap from ${frame.from} to ${frame.to}`);
    else if (frame.type === 'end') {
      const { completeness } = frame;
      // Who only waits for the end sees no line.
      const writingS = (writtenUs.at(-1)! - writtenUs[0]!) / 1e6;
      done({
        first: first ?? '',
        lines,
        frames,
        bytes,
        completeness,
        faults,
        latenciesMs,
        writingS,
        seenUs: seenUs || atUs,
      });
    }
  };
}

/** Server-sent events: each line is a message, and what else there is has a name and the data of a frame. */
async function followEvents(take: (frame: StreamFrame, bytes: number) => void): Promise<void> {
  const answer = await fetch(address);
  if (!answer.ok) throw new Error(`${address}: ${answer.status} ${await answer.text()}`);
  void (async () => {
    let rest = '';
    for await (const piece of answer.body!.pipeThrough(new TextDecoderStream())) {
      const events = (rest + piece).split('\n\n');
      rest = events.pop()!;
      for (const event of events) {
        const data = /^data: (.*)$/m.exec(event)?.[1];
        if (data === undefined) continue;
        const value = JSON.parse(data) as StreamFrame | LogLine;
        if ('seq' in value) take({ type: 'lines', from: value.seq, lines: [value] }, data.length);
        else take(value, data.length);
      }
    }
  })();
}
