import type { Reason } from '@runvoy/protocol';
import type { Millis } from '../time/clock.ts';

/**
 * What one entry of the platform's log says, once its form is read. Nothing of it is proof: it says where to look, or it carries
 * something that proves itself by a signature.
 */
export type PlatformEntry =
  /** The platform may know something new of this execution. `execution_id` is absent when the entry does not tell it. */
  | { readonly kind: 'execution_changed'; readonly platform_execution: string; readonly execution_id?: string }
  /** A container printed this: the text of a line, or the object when the line was JSON. */
  | {
      readonly kind: 'output';
      readonly platform_execution: string;
      readonly printed: unknown;
      readonly at_ms: Millis;
    }
  /** The platform says this of a container. `reason` is the stable word for it where there is one: `out_of_memory`. */
  | {
      readonly kind: 'system';
      readonly platform_execution: string;
      readonly text: string;
      readonly reason?: Reason;
      readonly at_ms: Millis;
    }
  /** It is about nothing of ours. */
  | { readonly kind: 'foreign' };

/** Reads an entry of the platform's log, in the form the platform gives it. Fails with `INVALID_REQUEST` when it is none. */
export type ReadPlatformEntry = (entry: unknown) => PlatformEntry;
