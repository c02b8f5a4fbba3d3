import type { Outlet } from './outlet.ts';

/** A viewer's connection as the rounds see it. */
export interface Connection extends Outlet {
  /** Knocks, or ends a connection that neither answered the last knock nor took anything since. */
  checkAlive(): void;
  /** Ends it at once. */
  terminate(): void;
}
