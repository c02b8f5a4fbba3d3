import { openRunWorld, runNew, scriptJob } from './run-world.ts';

// A process to be killed: it runs a container that would never end, and says so on a line.
const world = await openRunWorld({ pids: process.argv[3] === 'shared' ? 'shared' : 'separate' });
await runNew(world, 'rv-held', scriptJob(`echo ready; tail -f /dev/null # ${process.argv[2]}`));
const timer = setInterval(() => {
  if (!world.entries.some(({ textPayload }) => textPayload === 'ready')) return;
  clearInterval(timer);
  console.log('ready');
  setInterval(() => undefined, 1000);
}, 10);
