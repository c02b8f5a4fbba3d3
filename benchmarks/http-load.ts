import { Agent, request } from 'node:http';

export interface Call {
  readonly method: 'GET' | 'POST';
  readonly url: string;
  readonly key: string;
  readonly body?: string;
}

/** One call over a kept connection; resolves when the answer has been read, with the time of its first byte, ms. */
export function callOnce(
  agent: Agent,
  { method, url, key, body }: Call,
): Promise<{ firstByteMs: number; bytes: number }> {
  const before = performance.now();
  return new Promise((resolve, reject) => {
    const headers = { 'x-api-key': key, ...(body === undefined ? {} : { 'content-type': 'application/json' }) };
    const outgoing = request(url, { method, agent, headers }, (answer) => {
      if (answer.statusCode! >= 300) reject(new Error(`${method} ${url}: ${answer.statusCode}`));
      let firstByteMs = NaN;
      let bytes = 0;
      answer.on('data', (chunk: Buffer) => {
        if (bytes === 0) firstByteMs = performance.now() - before;
        bytes += chunk.length;
      });
      answer.on('end', () => resolve({ firstByteMs, bytes }));
    });
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

/** Calls as fast as `connections` connections allow; answers each call's time, ms. */
export async function load(
  call: Call,
  args: { readonly calls: number; readonly connections: number },
): Promise<number[]> {
  const agent = new Agent({ keepAlive: true, maxSockets: args.connections });
  const took: number[] = [];
  let left = args.calls;
  const connection = async () => {
    while (left > 0) {
      left -= 1;
      const before = performance.now();
      await callOnce(agent, call);
      took.push(performance.now() - before);
    }
  };
  await Promise.all(Array.from({ length: args.connections }, connection));
  agent.destroy();
  return took;
}
