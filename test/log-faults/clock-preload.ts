// Loaded into a server, a service or a sidecar before its own code (`node --import`): its clock can be set. For tests alone: a file in the
// directory that RUNVOY_TEST_CLOCKS names holds by how many milliseconds it is ahead of the machine's. The file is called after the
// process id; that of a sidecar, whose process id nobody outside knows, after its execution. Where it may write, it says what it has taken.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const directory = process.env['RUNVOY_TEST_CLOCKS'];
const file = directory && join(directory, process.env['RUNVOY_EXECUTION_ID'] ?? String(process.pid));
const machineNow = Date.now.bind(Date);
const RealDate = Date;
let aheadMs = 0;

if (file) {
  setInterval(() => {
    try {
      const wanted = Number(readFileSync(file, 'utf8'));
      if (wanted === aheadMs) return;
      aheadMs = wanted;
      writeFileSync(`${file}.taken`, String(aheadMs));
    } catch {
      // Nobody has set it, or it may only look.
    }
  }, 50).unref();
  globalThis.Date = class extends RealDate {
    constructor(...args: [] | [number | string]) {
      super(...((args.length === 0 ? [machineNow() + aheadMs] : args) as [number]));
    }
    static override now(): number {
      return machineNow() + aheadMs;
    }
  } as DateConstructor;
}
