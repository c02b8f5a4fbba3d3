import { holdPidNamespace } from '../containers/pid-namespace.ts';
import type { AttemptEnd } from './attempt-end.ts';
import { RunningTask, type Attempt } from './running-task.ts';
import { makeVolumes } from './task-volumes.ts';
import { millisOf } from './wire.ts';

/** Runs the containers of one attempt to the end. Afterwards no process of theirs is left and the volumes are gone. */
export async function runAttempt(attempt: Attempt): Promise<AttemptEnd> {
  const { platform, template, cancel, close } = attempt;
  const volumes = makeVolumes(template, platform);
  const pids = platform.pids === 'shared' ? await holdPidNamespace() : undefined;
  const task = new RunningTask(attempt, volumes, pids);
  const onCancel = () => task.stop('cancel');
  const onClose = () => task.killAll();
  const timeout = setTimeout(() => task.stop('timeout'), millisOf(template.timeout ?? {}));
  cancel.addEventListener('abort', onCancel);
  close.addEventListener('abort', onClose);
  try {
    if (cancel.aborted) onCancel();
    if (close.aborted) onClose();
    return await task.run();
  } finally {
    clearTimeout(timeout);
    cancel.removeEventListener('abort', onCancel);
    close.removeEventListener('abort', onClose);
    pids?.release();
    volumes.remove();
  }
}
