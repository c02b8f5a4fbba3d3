// Loaded into a server before its own code (`node --import`): its clock can be set. For tests alone: the file that RUNVOY_TEST_CLOCK
// names holds by how many milliseconds it is ahead of the machine's.
import { readFileSync } from 'node:fs';

const file = process.env['RUNVOY_TEST_CLOCK'];
const machineNow = Date.now.bind(Date);
const RealDate = Date;
let aheadMs = 0;

if (file !== undefined) {
  setInterval(() => {
    try {
      aheadMs = Number(readFileSync(file, 'utf8'));
    } catch {
      aheadMs = 0;
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
