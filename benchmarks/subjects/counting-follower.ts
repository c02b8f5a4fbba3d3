import WebSocket from 'ws';
import { STREAM_PROTOCOL, type StreamFrame } from '@runvoy/protocol';

// Follows one run, keeps nothing, and says what it has seen: when its first line came, so many lines later, and when the log had ended.
const [url, mark] = process.argv.slice(2) as [string, string];
const socket = new WebSocket(`${url}&after=0`, STREAM_PROTOCOL);
let lines = 0;
let bytes = 0;
let next = 1;
let isInOrder = true;
socket.on('message', (text: Buffer) => {
  const frame = JSON.parse(text.toString()) as StreamFrame;
  if (frame.type === 'lines') {
    if (frame.from !== next) isInOrder = false;
    next = frame.from + frame.lines.length;
    for (const line of frame.lines) {
      if (line.stream !== 'stdout') continue;
      if (lines === 0) process.send!({ first: line.text });
      lines += 1;
      if (lines === Number(mark)) process.send!({ lines });
      bytes += Buffer.byteLength(line.text);
    }
  }
  if (frame.type === 'end') process.send!({ lines, bytes, isInOrder, completeness: frame.completeness });
});
