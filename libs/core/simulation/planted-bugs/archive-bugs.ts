import type { PlantedBug } from '../planted-bug.ts';

/** Mistakes in how logs are sealed, removed and given up for their age. */
export const ARCHIVE_BUGS: readonly PlantedBug[] = [
  {
    name: 'removed-unread',
    means: 'records are removed because a segment is said to hold them, without reading it back',
    edits: [
      {
        file: 'logs/remove-chunks.ts',
        find: 'for await (const sealed of chunksOfSegment(deps, segment, 0)) prints.set(sealed.from, printOf(sealed));',
        replace: 'if (segment.from < 0) for await (const _ of chunksOfSegment(deps, segment, 0)) prints.clear();',
      },
    ],
    faults: ['blob-damaged', 'runner-killed'],
  },
  {
    name: 'sealed-over-a-gap',
    means: 'a segment goes on behind a line that is missing, as if it were there',
    edits: [
      {
        file: 'logs/seal-segment.ts',
        find: '(expected !== undefined && chunk.from > expected)',
        replace: '(expected !== undefined && chunk.from < 0)',
      },
    ],
    faults: ['batch-refused', 'lane-entry-lost', 'runner-killed'],
  },
  {
    name: 'index-off-by-one',
    means: 'the index of a segment says of a block that it ends a line earlier',
    edits: [
      {
        file: 'logs/seal-segment.ts',
        find: 'through: last.through,',
        replace: 'through: Math.max(first.from, last.through - 1),',
      },
    ],
  },
  {
    name: 'recorded-before-put',
    means: 'the record of a segment is stored before its blob',
    edits: [
      {
        file: 'logs/seal-segment.ts',
        find: '    await deps.archive.put(name, once(blob));\n    return await recordSegment(deps, executionId, index, blob.length);\n',
        replace:
          '    const segment = await recordSegment(deps, executionId, index, blob.length);\n    await deps.archive.put(name, once(blob));\n    return segment;\n',
      },
    ],
  },
  {
    name: 'removed-in-session',
    means: 'records are removed as soon as they are sealed, while a lane may bring their batches again',
    edits: [
      {
        file: 'logs/archive-logs.ts',
        find: 'if (nowMs >= sessionEndMs(run) && !wantsLog(run)) {',
        replace: 'if (nowMs >= (run.completed_at_ms ?? sessionEndMs(run)) && !wantsLog(run)) {',
      },
    ],
  },
  {
    name: 'expires-by-the-hour',
    means: 'a log is given up after as many hours as it is kept for days',
    edits: [
      {
        file: 'logs/expire-log.ts',
        find: '(keptDays > 0 ? keptDays * DAY_MS : undefined)',
        replace: '(keptDays > 0 ? keptDays * (DAY_MS / 24) : undefined)',
      },
    ],
  },
  {
    name: 'page-of-what-is-left',
    means: 'a page that was read while its log was removed is called the last one',
    edits: [{ file: 'logs/log-page.ts', find: 'await requireStillKept(deps, id);', replace: 'void requireStillKept;' }],
    faults: ['store-slow', 'page-lost'],
  },
  {
    name: 'removed-called-missing',
    means: 'a viewer is told that lines are missing which were removed for their age',
    edits: [
      {
        of: 'services/websocket',
        file: 'execution-feed.ts',
        find: 'await requireStillKept(this.#deps, execution_id);',
        replace: 'void requireStillKept;',
      },
    ],
    faults: ['store-slow', 'feed-late', 'reader-breaks'],
  },
];
