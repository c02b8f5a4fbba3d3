import type { RunOrder } from '../order.ts';
import type { OutputPipes } from '../output-pipes.ts';
import { newBubblewrapSandbox } from './bubblewrap.ts';
import { newProcessSandbox } from './process.ts';
import type { Sandbox } from './sandbox.ts';

/** The sandbox that the order names. Nothing of it exists before it is opened. */
export function newSandbox(
  order: Pick<RunOrder, 'isolation' | 'execution_id' | 'host_env'>,
  args: { readonly pipes: OutputPipes; readonly pathInRunDir: (name: string) => string },
): Sandbox {
  const common = { ...args, executionId: order.execution_id, hostEnv: order.host_env };
  switch (order.isolation) {
    case 'process':
      return newProcessSandbox(common);
    case 'bubblewrap':
      return newBubblewrapSandbox(common);
    default:
      // Never another level in its place.
      throw new Error(`this runner has no isolation ${order.isolation}`);
  }
}
