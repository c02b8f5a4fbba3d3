import type { Network } from '@runvoy/protocol';
import type { RunOrder } from '../order.ts';
import type { OutputPipes } from '../output-pipes.ts';
import type { ProcessRow } from '../process-table.ts';
import { newBubblewrapSandbox } from './bubblewrap.ts';
import { newContainerSandbox } from './container.ts';
import { newProcessSandbox } from './process.ts';
import type { Sandbox } from './sandbox.ts';

/** What of an order concerns the sandbox. */
export type SandboxOrder = Pick<
  RunOrder,
  'isolation' | 'execution_id' | 'attempt' | 'host_env' | 'image' | 'cpu' | 'memory_mib' | 'network' | 'engine'
>;

/** The sandbox that the order names. Nothing of it exists before it is opened. */
export function newSandbox(
  order: SandboxOrder,
  args: {
    readonly pipes: OutputPipes;
    readonly pathInRunDir: (name: string) => string;
    /** Told of what was started before the command and can go on by itself. */
    readonly onLeader: (leader: ProcessRow) => void;
  },
): Sandbox {
  const { engine, image } = order;
  const network: Network = order.network ?? 'default';
  const common = { ...args, executionId: order.execution_id, hostEnv: order.host_env, network };
  switch (order.isolation) {
    case 'process':
      // It has no network of its own to be without.
      if (network === 'none') break;
      return newProcessSandbox(common);
    case 'bubblewrap':
      return newBubblewrapSandbox(common);
    case 'container': {
      if (!engine) break;
      const size = { cpu: order.cpu, memoryMib: order.memory_mib };
      return newContainerSandbox({ ...common, attempt: order.attempt, engine, image, size });
    }
  }
  // Never another level in its place.
  throw new Error(`this runner has no isolation ${order.isolation}${network === 'none' ? ' without a network' : ''}`);
}
