import type { Frame } from './frame-form.ts';

/** Where a viewer's frames go: its connection, seen from the side that must not fill it. */
export interface Outlet {
  readonly isOpen: boolean;
  /** Handed over and not yet taken by the network. */
  readonly bufferedBytes: number;
  /** Hands over frames as one write. Sends nothing when closed. */
  send(frames: readonly Frame[]): void;
  /** Resolves when at most this much is buffered, or when the outlet is closed. */
  drained(bytes: number): Promise<void>;
  close(code: number, reason: string): void;
}
