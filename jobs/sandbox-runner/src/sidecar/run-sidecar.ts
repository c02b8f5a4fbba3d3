import { bootstrap } from '../bootstrap.ts';
import { openIntakeClient } from '../intake-client.ts';
import { newRunnerContainer } from '../isolation/runner-container/runner-container.ts';
import { type PlatformCancel, runCourse } from '../run-course.ts';
import { fetchIdentityToken } from './identity-token.ts';
import { openProbePort } from './probe-port.ts';
import type { SidecarOrder } from './sidecar-order.ts';
import { openStdoutLane } from './stdout-lane.ts';

/**
 * Cloud Run gives about 10 s between SIGTERM and SIGKILL, whatever was asked for. The command gets the larger part; its last lines
 * and the report need the rest.
 */
const PLATFORM_GRACE_MS = 6_000;
const PLATFORM_OVER_MS = 8_000;
/** Less than the 60 s that the runner container waits for us: under a rule that ends the task with it, we leave first. */
const PATIENCE_MS = 50_000;

/** The whole life of one attempt, as seen by the sidecar of a Cloud Run task. */
export async function runSidecar(
  order: SidecarOrder,
  { now, note }: { readonly now: () => number; readonly note: (text: string) => void },
): Promise<void> {
  const cancels: PlatformCancel[] = [];
  const cancelled = new AbortController();
  let listener = (early: PlatformCancel): void => void cancels.push(early);
  function cancel(): void {
    // Whether somebody asked for it is known to the server; here an announced stop has fixed the cause before.
    listener({ cause: 'terminated', graceMs: PLATFORM_GRACE_MS, overBy: now() + PLATFORM_OVER_MS });
    cancelled.abort();
  }
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT'] as const) process.on(signal, cancel);

  const identityToken = await fetchIdentityToken(order.metadata_host, order.intake_url, {
    now,
    cancelled: cancelled.signal,
  });
  const intake = openIntakeClient(order.intake_url, order.execution_id, identityToken);
  const booted = await bootstrap(order, order.platform_execution, intake, cancelled.signal, now);
  // The probe port stays closed, so the runner container never starts.
  if (booted.outcome === 'stop') return;
  if (booted.outcome !== 'run') return note(`bootstrap ${booted.outcome}: ${booted.why}`);

  // Everything below the volume is for whoever the image's user is, also what git writes.
  process.umask(0);
  const container = newRunnerContainer({
    executionId: order.execution_id,
    volume: order.volume,
    staticShell: order.static_shell,
    toolPath: order.tool_path,
    onReady: () => openProbePort(order.probe_host, order.probe_port),
    onSignalled: cancel,
  });
  await runCourse({
    order,
    answer: booted.answer,
    intake,
    openSpool: (onRoom) => openStdoutLane(order, { onRoom, note }),
    sandbox: container,
    now,
    note,
    patienceMs: PATIENCE_MS,
    onCancel(next) {
      listener = next;
      cancels.splice(0).forEach(next);
    },
  });
  await container.leave();
  intake.close();
}
