/** Run as a program of its own: starts a group, says the process id of what runs in it, and waits to be killed. */
import { startProcessGroup } from '../src/emulators/process-group.ts';

const group = startProcessGroup({ command: '/bin/sh', args: ['-c', 'echo pid $$; exec sleep 60'] });
while (!group.printed()) await new Promise((resolve) => setTimeout(resolve, 10));
console.log(group.printed());
