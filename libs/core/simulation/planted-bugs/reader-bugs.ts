import type { PlantedBug } from '../planted-bug.ts';

const VIEW = 'services/websocket';

/** Mistakes in what readers are served by: each ends with a line that is missing unsaid, or shown twice, or a reader who waits for ever. */
export const READER_BUGS: readonly PlantedBug[] = [
  {
    name: 'hole-passed-by',
    means: 'a viewer is told of a gap as soon as a later line is there',
    edits: [{ of: VIEW, file: 'viewer.ts', find: "if (!isSettled) return 'hole';", replace: 'isSettled;' }],
    faults: ['batch-refused', 'lane-late', 'lane-entry-lost', 'feed-late', 'store-slow'],
  },
  {
    name: 'gap-unsaid',
    means: 'lines that will not come are left out without a word',
    edits: [
      {
        of: VIEW,
        file: 'viewer.ts',
        find: "    this.#outlet.send(this.#form.gap({ type: 'gap', from: this.#next, to: seq - 1 }, atMs));\n",
        replace: '',
      },
    ],
    faults: ['batch-refused', 'lane-entry-lost'],
  },
  {
    name: 'resumed-at-the-chunk',
    means: 'whoever resumes in the middle of a batch is shown the whole of it',
    edits: [
      {
        of: VIEW,
        file: 'shared-chunk.ts',
        find: 'if (seq > this.chunk.from) return',
        replace: 'if (seq > this.chunk.through) return',
      },
    ],
  },
  {
    name: 'id-of-the-chunk',
    means: 'every line of a batch has the number of its first as the id of its event',
    edits: [
      {
        of: VIEW,
        file: 'event-form.ts',
        find: 'text += `id: ${line.seq}\\n',
        replace: 'text += `id: ${lines[0]?.seq}\\n',
      },
    ],
  },
  {
    name: 'watch-given-up',
    means: 'a watch that broke is not opened again',
    edits: [{ of: VIEW, file: 'execution-feed.ts', find: 'void this.#watchAgain(error);', replace: 'void error;' }],
    faults: ['feed-breaks'],
  },
  {
    name: 'settled-at-the-end',
    means: 'a reader is told the end as soon as the run has ended, whatever the lanes still bring',
    edits: [
      {
        of: VIEW,
        file: 'settle-log.ts',
        find: "if (isSettled || assessment.completeness === 'complete') return assessment;",
        replace: 'if (isSettled || assessment) return assessment;',
      },
    ],
    faults: ['fast-lane-cut', 'lane-late', 'batch-refused', 'request-lost'],
    flavour: 'cloud',
  },
  {
    name: 'page-passes-a-hole',
    means: 'a page goes on behind a line that may still come, and its reader never sees it',
    edits: [
      {
        file: 'logs/log-page.ts',
        find: 'if (isPast || (mayCome && !passesHoles && line.seq > last + 1)) break reading;',
        replace: 'if (isPast) break reading;',
      },
    ],
    faults: ['batch-refused', 'fast-lane-cut', 'lane-late'],
    flavour: 'cloud',
  },
  {
    name: 'last-page-too-early',
    means: 'a page is called the last one while the lanes may still bring lines',
    edits: [
      {
        file: 'logs/log-page.ts',
        find: "const mayCome = !isSettled && assessment?.completeness !== 'complete';",
        replace: 'const mayCome = !isSettled && assessment === undefined;',
      },
    ],
    faults: ['fast-lane-cut', 'lane-late', 'batch-refused'],
    flavour: 'cloud',
  },
];
