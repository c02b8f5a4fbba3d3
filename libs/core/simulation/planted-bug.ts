import type { FaultKind } from './faults.ts';

/** A mistake somebody could make in core or in the live view, as an edit of its sources. The simulation has to catch each. */
export interface PlantedBug {
  readonly name: string;
  /** What is wrong with it. */
  readonly means: string;
  /** `file` below `libs/core/src`, or below the sources of another package; `find` stands in it exactly once. */
  readonly edits: readonly {
    readonly file: string;
    readonly of?: 'services/websocket' | 'libs/protocol';
    readonly find: string;
    readonly replace: string;
  }[];
  /** Where it shows most often. */
  readonly flavour?: 'local' | 'cloud';
  /** What alone has to go wrong for it to show, where that makes a shorter story, or the bug is rare. */
  readonly faults?: readonly FaultKind[];
}
