import { once } from 'node:events';
import { connect, createServer, type AddressInfo } from 'node:net';

// Stands before the store and counts what it is asked: nobody is held up, nothing is changed.
const [host, port] = process.argv[2]!.split(':') as [string, string];
const REQUEST = /^POST \/\S+:(\w+) HTTP\/1\.1\r\n/;
let counts: Record<string, number> = {};
let [bytes, answerBytes] = [0, 0];

const server = createServer({ noDelay: true }, (client) => {
  const behind = connect({ host, port: Number(port), noDelay: true });
  // A request of the REST doors begins with a piece of its own: on one connection they wait for each other's answers.
  client.on('data', (piece: Buffer) => {
    bytes += piece.length;
    const call = piece[0] === 0x50 ? REQUEST.exec(piece.toString('latin1', 0, 512))?.[1] : undefined;
    if (call !== undefined) counts[call] = (counts[call] ?? 0) + 1;
  });
  behind.on('data', (piece: Buffer) => (answerBytes += piece.length));
  client.pipe(behind).pipe(client);
  client.on('error', () => behind.destroy()).on('close', () => behind.destroy());
  behind.on('error', () => client.destroy()).on('close', () => client.destroy());
});
server.listen(0, '127.0.0.1');
await once(server, 'listening');
process.on('message', () => {
  process.send!({ counts, bytes, answerBytes });
  [counts, bytes, answerBytes] = [{}, 0, 0];
});
process.send!(`127.0.0.1:${(server.address() as AddressInfo).port}`);
