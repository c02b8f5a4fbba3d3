import { connect } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';

export type TcpProbe = {
  host: string;
  port: number;
  delayMs: number;
  periodMs: number;
  timeoutMs: number;
  failMs: number;
};

/** Resolves to true when a connection was accepted, to false when none was in time, or on `signal`. */
export async function tcpProbe(
  { host, port, delayMs, periodMs, timeoutMs, failMs }: TcpProbe,
  signal: AbortSignal,
): Promise<boolean> {
  try {
    await pause(delayMs, undefined, { signal });
    for (let waitedMs = 0; ; waitedMs += periodMs) {
      if (await accepts(host, port, timeoutMs)) return !signal.aborted;
      if (waitedMs + periodMs >= failMs) return false;
      await pause(periodMs, undefined, { signal });
    }
  } catch {
    return false;
  }
}

function accepts(host: string, port: number, timeoutMs: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: timeoutMs });
    const settle = (accepted: boolean) => {
      socket.destroy();
      resolve(accepted);
    };
    socket.once('connect', () => settle(true));
    socket.once('timeout', () => settle(false));
    socket.once('error', () => settle(false));
  });
}
