import { connect, createServer, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';

/** A network between readers and a server that can be cut. */
export interface ReadersProxy extends AsyncDisposable {
  /** The same address by way of this network. */
  through(url: string): string;
  /** Breaks off every connection. */
  breakAll(): void;
  /** Breaks off every connection and lets no new one through until `mend`. */
  cut(): void;
  mend(): void;
}

/** Opens one before a port of this machine. */
export async function openReadersProxy(port: number): Promise<ReadersProxy> {
  const open = new Set<Socket>();
  let isCut = false;
  const hold = (socket: Socket, other: Socket) => {
    open.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => {
      open.delete(socket);
      other.destroy();
    });
  };
  const server = createServer((client) => {
    const onward = connect(port, '127.0.0.1');
    hold(client, onward);
    hold(onward, client);
    if (isCut) return void client.destroy();
    // The server answers for its own name alone.
    client.on('data', (bytes: Buffer) => {
      onward.write(Buffer.from(bytes.toString('latin1').replace(`127.0.0.1:${own}`, `127.0.0.1:${port}`), 'latin1'));
    });
    onward.pipe(client);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const own = (server.address() as AddressInfo).port;
  const breakAll = () => {
    for (const socket of open) socket.destroy();
  };
  return {
    through: (url) => url.replace(`:${port}`, `:${own}`),
    breakAll,
    cut: () => {
      isCut = true;
      breakAll();
    },
    mend: () => void (isCut = false),
    async [Symbol.asyncDispose]() {
      isCut = true;
      breakAll();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
