import type { PlantedBug } from '../planted-bug.ts';

/** Mistakes in how lines are stored, counted and proven. */
export const LOG_BUGS: readonly PlantedBug[] = [
  {
    name: 'batch-accepted-twice',
    means: 'a batch that comes again is written again',
    edits: [
      {
        file: 'logs/append-batch.ts',
        find: 'await records.create(chunkRef(chunk.execution_id, chunk.from), chunk);',
        replace: 'await records.transact(async (tx) => tx.set(chunkRef(chunk.execution_id, chunk.from), chunk));',
      },
    ],
  },
  {
    name: 'acknowledged-before-stored',
    means: 'a batch is acknowledged while it is only on its way to the store',
    edits: [
      {
        file: 'logs/append-batch.ts',
        find: 'await records.create(chunkRef(chunk.execution_id, chunk.from), chunk);',
        replace: 'records.create(chunkRef(chunk.execution_id, chunk.from), chunk).catch(() => undefined);',
      },
    ],
  },
  {
    name: 'cursor-off-by-one',
    means: 'a reader is shown the line it has already',
    edits: [
      {
        file: 'logs/read-log.ts',
        find: 'lines.filter((line) => line.seq > last)',
        replace: 'lines.filter((line) => line.seq >= last)',
      },
    ],
  },
  {
    name: 'page-skips-a-chunk',
    means: 'a page begins behind the first chunk that it should hold',
    edits: [
      {
        file: 'logs/read-log.ts',
        find: '  let cursor = after;\n',
        replace: '  let cursor = after === 0 ? 0 : after + 1;\n',
      },
    ],
  },
  {
    name: 'chunk-of-nobody',
    means: 'chunks of different runs share their ids',
    edits: [
      {
        file: 'logs/log-chunk.ts',
        find: '`${executionId}-${String(from)',
        replace: '`${executionId.slice(0, 0)}-${String(from)',
      },
    ],
  },
  {
    name: 'report-proves-itself',
    means: 'a report takes the log for whole without comparing it with its end record',
    edits: [
      {
        file: 'logs/prove-log.ts',
        find: 'return stored.gaps.length === 0 && stored.sha256 === sha256;',
        replace: 'return stored.sha256.length === sha256.length;',
      },
    ],
  },
  {
    name: 'part-proves-whole',
    means: 'a log is taken for whole when all that came of it is stored',
    edits: [
      {
        file: 'logs/growing-digests.ts',
        find: 'if (grown?.lines !== lines || grown.sha256 !== sha256) return false;',
        replace: 'if (!grown || sha256.length < lines.toString().length) return false;',
      },
    ],
  },
  {
    name: 'proof-without-digest',
    means: 'a log with missing lines is called complete',
    edits: [
      {
        file: 'logs/assess-log.ts',
        find: "if (gaps.length > 0) return { completeness: settledWord(execution, 'gaps'), ...stated, gaps };",
        replace: '',
      },
      {
        file: 'logs/assess-log.ts',
        find: 'if (sha256 !== end_record.sha256) {',
        replace: 'if (sha256 === undefined) {',
      },
    ],
  },
  {
    name: 'acked-as-the-highest',
    means: 'a heartbeat names the highest batch that was acknowledged, whatever before it is on its way',
    edits: [
      {
        of: 'libs/protocol',
        file: 'acked-through.ts',
        find: 'through = Math.min(through, from - 1);',
        replace: 'through = Math.max(through, Math.min(from - 1, 0));',
      },
    ],
    faults: ['request-lost', 'message-late'],
  },
];
