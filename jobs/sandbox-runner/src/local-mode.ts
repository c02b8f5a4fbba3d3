import { writeSync } from 'node:fs';
import { readOrder } from './order.ts';
import { openOutputPipes } from './output-pipes.ts';
import { probeIsolation } from './probe.ts';
import type { RunProcesses } from './run-processes.ts';
import { superviseRun } from './supervise.ts';
import { warmUp } from './warm-up.ts';

// Standard output and error are the supervisor's own log file: no secret and no line of a run is ever written there.
const note = (text: string) => {
  try {
    // Not by console.error: on a full disk its stream fails later, where nobody can catch it, and the command would pay for it.
    writeSync(2, `${new Date().toISOString()} ${text}\n`);
  } catch {
    // A disk that takes no note costs the note.
  }
};

// They mean nothing to us, and by default they would end us and leave a command that nobody watches.
for (const signal of ['SIGUSR2', 'SIGALRM', 'SIGPIPE'] as const) process.on(signal, () => undefined);

/** Ready before the order comes: every module is loaded and the pipes are open. */
const pipes = openOutputPipes(process.cwd());
let processes: RunProcesses | undefined;

process.on('uncaughtException', (error) => {
  note(`fatal: ${error.stack}`);
  // A command that nobody watches must not live on.
  processes?.signal('SIGKILL');
  process.exit(70);
});

if (process.argv[2] === 'probe') {
  const [isolation, hidden, ...engine] = process.argv.slice(3) as [string, string];
  const answer = JSON.stringify(await probeIsolation({ isolation, hidden, engine, pipes }));
  await new Promise((resolve) => process.stdout.write(`${answer}\n`, resolve));
  process.exit(0);
}

// Not waited for: an order that is there already is worth more.
void warmUp(Date.now).catch((error: unknown) => note(`warming up: ${String(error)}`));
const order = await readOrder(process.stdin);
if (order) {
  await superviseRun(order, { pipes, now: Date.now, note, onProcesses: (opened) => void (processes = opened) });
}
// Not left to the event loop: a timer or a socket must not keep a supervisor alive whose run is over.
process.exit(0);
