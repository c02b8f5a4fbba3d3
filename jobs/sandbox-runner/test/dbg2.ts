import { openSidecarWorld } from './sidecar-world.ts';
import { until } from './until.ts';
await using world = await openSidecarWorld('trap "" TERM; echo begun; while :; do sleep 0.05; done');
await until('b', () => world.intake.texts().includes('begun'));
const runner = await world.runner;
await world.intake.close();
const t0 = Date.now();
const say = (x: string) => console.log(Date.now() - t0, x);
world.sidecar.signal('SIGTERM');
runner.signal('SIGTERM');
void runner.exited.then((c) => say('runner ' + c));
void world.sidecar.exited.then((c) => say('sidecar ' + c));
let n = 0;
const timer = setInterval(() => {
  const x = world.lane();
  if (x.length > n) {
    n = x.length;
    say(JSON.stringify(x.at(-1)).slice(0, 300));
  }
}, 20);
await world.ends();
clearInterval(timer);
console.log(world.notes());
