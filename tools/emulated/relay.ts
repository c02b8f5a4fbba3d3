import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

/** One address in front of the instances of a service, which may change while it lives. */
export interface Relay {
  /** `127.0.0.1:port` */
  readonly host: string;
  /** The instances, `host:port` each; connections go to them in turn. */
  setTargets(hosts: readonly string[]): void;
  /** Nobody gets through any more, and who is through is cut off, until `mend`. */
  cut(): void;
  mend(): void;
  stop(): Promise<void>;
}

/** Passes connections on as they are; one that no instance takes is closed. */
export async function openRelay(port = 0): Promise<Relay> {
  let targets: readonly string[] = [];
  let turn = 0;
  let isCut = false;
  const open = new Set<Socket>();
  const keep = (socket: Socket) => {
    open.add(socket);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => open.delete(socket));
  };
  const server = createServer((client) => {
    keep(client);
    const target = targets[turn++ % targets.length];
    if (isCut || target === undefined) return void client.destroy();
    const [host, targetPort] = target.split(':') as [string, string];
    const instance = connect(Number(targetPort), host);
    keep(instance);
    client.pipe(instance).pipe(client);
    client.on('close', () => instance.destroy());
    instance.on('close', () => client.destroy());
  });
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, '127.0.0.1', resolve));
  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    setTargets: (hosts) => (targets = hosts),
    cut() {
      isCut = true;
      for (const socket of open) socket.destroy();
    },
    mend: () => (isCut = false),
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of open) socket.destroy();
      }),
  };
}
