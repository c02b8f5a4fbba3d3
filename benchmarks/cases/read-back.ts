import { Agent } from 'node:http';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { callOnce, type Call } from '../http-load.ts';
import { percentile, type Benchmark } from '../measurement.ts';
import { sampleLines } from '../sample-run.ts';
import { openSubject } from '../subject.ts';
import { temporaryDirectory } from '../temporary-directory.ts';

const LINES = 100_000;
const READS = 5;
const MIB = 2 ** 20;

/** The whole log of a run over the API, against SQLite building the same JSON from a table of lines. */
export const readBack: Benchmark = {
  name: 'read-back',
  async run() {
    using directory = temporaryDirectory();
    await using server = await openSubject('idle-platform', directory.path, String(LINES));
    const { url, key, execution_id } = server.ready as { url: string; key: string; execution_id: string };
    const call: Call = { method: 'GET', url: `${url}/api/v1/executions/${execution_id}/logs`, key };
    const agent = new Agent({ keepAlive: true });
    // The first read proves the log; what is measured is every later one.
    await callOnce(agent, call);
    const before = await server.usage();
    const firstBytes: number[] = [];
    for (let i = 0; i < READS; i += 1) firstBytes.push((await callOnce(agent, call)).firstByteMs);
    const after = await server.usage();
    agent.destroy();
    return [
      {
        what: '100,000 lines read back, CPU',
        value: ((after.cpuS - before.cpuS) / READS) * 1_000,
        unit: 'ms',
        floor: { what: 'the JSON built in SQL', value: builtInSql(join(directory.path, 'bare.sqlite')) },
      },
      { what: '100,000 lines read back, first byte, p50', value: percentile(firstBytes, 0.5), unit: 'ms' },
      {
        what: `memory grown by ${READS} such reads`,
        value: Math.max(0, after.rssBytes - before.rssBytes) / MIB,
        unit: 'MiB',
      },
    ];
  },
};

/** CPU of one read, ms. */
function builtInSql(path: string): number {
  const database = new DatabaseSync(path);
  database.exec('CREATE TABLE lines (seq INTEGER PRIMARY KEY, ms INTEGER, stream TEXT, text TEXT); BEGIN');
  const insert = database.prepare('INSERT INTO lines VALUES (?, ?, ?, ?)');
  for (const { seq, ms, stream, text } of sampleLines(1, LINES)) insert.run(seq, ms, stream, text);
  database.exec('COMMIT');
  const build = database.prepare(
    "SELECT json_group_array(json_object('event_id', CAST(seq AS TEXT), 'timestamp', ms, 'message', text, 'stream', stream)) AS body FROM lines",
  );
  build.get();
  const before = process.cpuUsage();
  for (let i = 0; i < READS; i += 1) Buffer.from(build.get()!['body'] as string);
  const { user, system } = process.cpuUsage(before);
  database.close();
  return (user + system) / 1_000 / READS;
}
