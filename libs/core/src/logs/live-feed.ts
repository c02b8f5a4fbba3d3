import { executionRef, type Execution } from '../executions/execution.ts';
import type { Records } from '../records/records.ts';
import { chunksInOrder, type LogChunk } from './log-chunk.ts';

/** What somebody who watches a run is told. */
export interface FeedListener {
  /** A chunk is stored; maybe told before, maybe out of order. */
  chunk(chunk: LogChunk): void;
  /** The execution as it is now. Called first once, before or after the first chunks. */
  execution(execution: Execution): void;
  /** Nothing more will be told. */
  failed(error: Error): void;
}

/** Tells, as it happens, what is stored of a run. Storing is telling: there is no gap between history and live. */
export interface LiveFeed {
  /** Tells of all chunks that end after line `after`, those stored already first. Returns the function that ends it. */
  open(executionId: string, after: number, listener: FeedListener): () => void;
}

/** The feed both providers use: one watch on the chunks, one on the state. */
export function recordsLiveFeed(records: Records): LiveFeed {
  return {
    open(executionId, after, listener) {
      const endChunks = records.watchQuery(
        chunksInOrder,
        { equal: { execution_id: executionId }, after },
        {
          changed: (changes) => {
            for (const change of changes) if (change.kind === 'present') listener.chunk(change.value);
          },
          failed: (error) => listener.failed(error),
        },
      );
      const endState = records.watch(executionRef(executionId), {
        changed: (changes) => {
          for (const change of changes) if (change.kind === 'present') listener.execution(change.value);
        },
        failed: (error) => listener.failed(error),
      });
      return () => {
        endChunks();
        endState();
      };
    },
  };
}
