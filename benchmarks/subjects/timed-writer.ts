import { writeSync } from 'node:fs';
import { machineClockUs, timedLine } from '../timed-line.ts';

// Writes lines at an even pace, each in a write of its own and with the time at which it was written.
const [perSecond, seconds] = process.argv.slice(2).map(Number) as [number, number];
const begunUs = machineClockUs();
let written = 0;

function writeDue(): void {
  const due = 1 + Math.floor(((machineClockUs() - begunUs) * perSecond) / 1e6);
  while (written < Math.min(due, perSecond * seconds)) writeSync(1, timedLine((written += 1), machineClockUs()));
  if (written < perSecond * seconds) setTimeout(writeDue, 1_000 / perSecond);
}

writeDue();
