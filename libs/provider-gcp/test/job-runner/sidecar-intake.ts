import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { BootstrapAnswer, BootstrapRequest, LogsMessage } from '@runvoy/protocol';

/** An intake that tells runners what to run, each run's first runner alone, and remembers what they printed. */
export interface SidecarIntake extends AsyncDisposable {
  readonly url: string;
  /** Execution id -> command. */
  readonly commands: Map<string, string>;
  output(executionId: string): readonly string[];
}

export async function openSidecarIntake(): Promise<SidecarIntake> {
  const commands = new Map<string, string>();
  const nonces = new Map<string, string>();
  const outputs = new Map<string, Map<number, string>>();
  const server = createServer((incoming, outgoing) => void serve(incoming, outgoing));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));

  async function serve(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const [, , , , executionId = '', call] = (incoming.url ?? '').split('/');
    const answer = answerTo(executionId, call, await readBody(incoming));
    outgoing.writeHead(answer ? 200 : 409, { 'content-type': 'application/json' });
    outgoing.end(JSON.stringify(answer ?? { error: 'refused' }));
  }

  function answerTo(executionId: string, call: string | undefined, body: string): object | undefined {
    if (call === 'bootstrap') return bootstrap(executionId, JSON.parse(body) as BootstrapRequest);
    if (call !== 'logs') return { deadline: Date.now() + 60_000 };
    const { lines } = JSON.parse(body) as LogsMessage;
    const output = outputs.get(executionId) ?? new Map<number, string>();
    outputs.set(executionId, output);
    for (const line of lines) if (line.stream !== 'system') output.set(line.seq, line.text);
    return { acked_through: lines.at(-1)?.seq };
  }

  function bootstrap(executionId: string, { nonce }: BootstrapRequest): object | undefined {
    const command = commands.get(executionId);
    if (command === undefined || (nonces.get(executionId) ?? nonce) !== nonce) return undefined;
    nonces.set(executionId, nonce);
    return bootstrapAnswer(command);
  }

  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    commands,
    output: (executionId) => [...(outputs.get(executionId) ?? [])].sort(([a], [b]) => a - b).map(([, text]) => text),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function bootstrapAnswer(command: string): BootstrapAnswer {
  return {
    request_id: 'req-1',
    image_id: 'shell:1-00000000',
    command,
    env: {},
    secrets: {},
    limits: { timeout_s: 60, grace_ms: 10_000, max_log_bytes: 1 << 30 },
    batch_ms: 10,
    session: { key: 'cd'.repeat(32), key_id: 'k1', expires_at: Date.now() + 86_400_000 },
  };
}

async function readBody(incoming: IncomingMessage): Promise<string> {
  const pieces: Buffer[] = [];
  for await (const piece of incoming) pieces.push(piece as Buffer);
  return Buffer.concat(pieces).toString('utf8');
}
