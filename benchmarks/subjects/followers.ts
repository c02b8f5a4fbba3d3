import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';
import { STREAM_PROTOCOL } from '@runvoy/protocol';
import { reportToBench } from '../subject.ts';

// Many followers of one address that throw away what they get: reading frames would cost more than sending them.
const [port, path, count, how] = process.argv.slice(2) as [string, string, string, string];
for (let i = 0; i < Number(count); i += 1) {
  const socket = connect(Number(port), '127.0.0.1');
  socket.write(
    [
      `GET ${path} HTTP/1.1`,
      `Host: 127.0.0.1:${port}`,
      'Connection: Upgrade',
      'Upgrade: websocket',
      'Sec-WebSocket-Version: 13',
      `Sec-WebSocket-Key: ${randomBytes(16).toString('base64')}`,
      `Sec-WebSocket-Protocol: ${STREAM_PROTOCOL}`,
      '',
      '',
    ].join('\r\n'),
  );
  await once(socket, 'data');
  if (how === 'stalled') socket.pause();
  else socket.resume();
}
reportToBench({});
