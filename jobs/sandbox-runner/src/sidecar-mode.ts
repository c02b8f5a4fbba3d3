import { writeSync } from 'node:fs';
import { runSidecar } from './sidecar/run-sidecar.ts';
import { takeSidecarOrder } from './sidecar/sidecar-order.ts';

// Standard output is the safety lane: notes go to the other stream, as JSON for the platform's log.
function note(severity: 'NOTICE' | 'CRITICAL', text: string): void {
  try {
    writeSync(2, `${JSON.stringify({ severity, note: text })}\n`);
  } catch {
    // Nobody reads it.
  }
}

// They mean nothing to us, and by default they would end us and the command with us.
for (const signal of ['SIGUSR2', 'SIGALRM', 'SIGPIPE'] as const) process.on(signal, () => undefined);

process.on('uncaughtException', (error) => {
  note('CRITICAL', `fatal: ${error.stack}`);
  // The runner container sees our end of the pipes go and ends the command.
  process.exit(70);
});

try {
  await runSidecar(takeSidecarOrder(process.env), { now: Date.now, note: (text) => note('NOTICE', text) });
} catch (error) {
  note('CRITICAL', (error as Error).message);
  process.exit(1);
}
// Not left to the event loop: a timer or a socket must not keep a task alive whose run is over.
process.exit(0);
