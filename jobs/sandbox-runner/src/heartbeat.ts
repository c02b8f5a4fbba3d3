import type { HeartbeatAnswer, OutputWait, Preparing, StopProgress } from '@runvoy/protocol';
import type { IntakeClient } from './intake-client.ts';
import type { MessageSigner } from './message-signer.ts';

export interface Heartbeat {
  /** Beats now, outside the rhythm: progress of a stop is worth telling at once. */
  beat(): void;
  close(): void;
}

const EVERY_MS = 10_000;

/** Shows the server that the run is watched, and brings its orders. A lost beat is not repeated: the next one says the same. */
export function openHeartbeat(args: {
  readonly intake: IntakeClient;
  readonly signer: MessageSigner;
  readonly ackedThrough: () => number;
  /** What is done before the command starts; undefined once it runs. */
  readonly preparing: () => Preparing | undefined;
  /** What its output waits for; undefined while it does not. */
  readonly outputWait: () => OutputWait | undefined;
  readonly stopProgress: () => StopProgress | undefined;
  readonly onAnswer: (answer: HeartbeatAnswer) => void;
  readonly onDismissed: (why: string) => void;
}): Heartbeat {
  let isClosed = false;
  const timer = setInterval(beat, EVERY_MS);

  function beat(): void {
    const stopProgress = args.stopProgress();
    const preparing = args.preparing();
    const outputWait = args.outputWait();
    const body = args.signer.heartbeat({
      acked_through: args.ackedThrough(),
      ...(preparing && { preparing }),
      ...(outputWait && { output_wait: outputWait }),
      ...(stopProgress && { stop_progress: stopProgress }),
    });
    void post(body);
  }

  async function post(body: string): Promise<void> {
    const reply = await args.intake.post('heartbeat', body);
    if (isClosed) return;
    if (reply.outcome === 'accepted') args.onAnswer(reply.body as unknown as HeartbeatAnswer);
    if (reply.outcome === 'dismissed') args.onDismissed(reply.why);
  }

  return {
    beat,
    close() {
      isClosed = true;
      clearInterval(timer);
    },
  };
}
