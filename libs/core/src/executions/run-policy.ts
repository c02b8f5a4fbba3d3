import type { Isolation, LogBackpressure, LogLimitPolicy } from '@runvoy/protocol';
import type { SlotLimits } from '../slots/slot-limits.ts';
import type { Millis } from '../time/clock.ts';

/** What a deployment allows its runs. */
export interface RunPolicy {
  /** What runs are kept apart by when the caller asks for nothing. */
  readonly isolation: Isolation;
  readonly timeoutDefaultS: number;
  readonly timeoutMaxS: number;
  /** How long after the platform's cancel an end that nobody has confirmed becomes an alarm. */
  readonly stopTimeoutMs: Millis;
  /** UTF-8 bytes of the texts that a command may write, and what happens to one that writes more: it is stopped unless told. */
  readonly maxLogBytes: number;
  readonly logLimitPolicy?: LogLimitPolicy;
  /** What happens to a command that writes faster than its lines are taken; they wait on disk unless told. */
  readonly logBackpressure?: LogBackpressure;
  /** Without isolation a command can read what the server can: only admins may run, unless this is set. */
  readonly trustAllUsers: boolean;
  /** Why nothing can be run here, and what to do instead; absent where runs are started. */
  readonly noRunner?: string;
  /** Below these an admin's `file:` clone may lie. */
  readonly gitRoots: readonly string[];
  /** The platform accounts that an image may name as its task role; absent where the platform has none: then a name means nothing. */
  readonly serviceAccounts?: readonly string[];
  /** How many runs may be under way at once; absent: as many as come. */
  readonly limits?: SlotLimits;
  /** What commands are run on, in runvoy's words (`Linux/X86_64`, `Linux/ARM64`): an image that names none is for it. */
  readonly platform?: string;
  /** The provider's name on the wire: `LOCAL`, `GCP`. */
  readonly cloud: string;
}

/** A machine's architecture, as Node names it, in runvoy's words. */
export const platformOf = (architecture: string): string => (architecture === 'arm64' ? 'Linux/ARM64' : 'Linux/X86_64');
