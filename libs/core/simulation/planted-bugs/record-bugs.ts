import type { PlantedBug } from '../planted-bug.ts';

/** Mistakes in what is written with a run, and when nothing is. */
export const RECORD_BUGS: readonly PlantedBug[] = [
  {
    name: 'input-kept',
    means: 'the sealed environment of a run outlives it',
    edits: [
      {
        file: 'executions/store-execution.ts',
        find: '  if (!after.without_input) tx.delete(runInputRef(after.execution_id));\n',
        replace: '',
      },
    ],
  },
  {
    name: 'key-forgotten',
    means: 'a request that is sent again makes another run',
    edits: [
      {
        file: 'executions/submit-run.ts',
        find: '    keep.put(tx, { execution_id: execution.execution_id });\n',
        replace: '',
      },
    ],
  },
  {
    name: 'writes-without-a-change',
    means: 'a look that finds nothing writes all the same',
    edits: [
      {
        file: 'executions/store-execution.ts',
        find: '  if (after === before) return;\n',
        replace: '',
      },
    ],
  },
  {
    name: 'look-overwrites',
    means: 'a look stores what it learned over whatever came in between',
    edits: [
      {
        file: 'executions/store-execution.ts',
        find: 'return records.compareAndSet(executionRef(id), version, after);',
        replace: "return records.transact(async (tx) => tx.set(executionRef(id), after)).then(() => version !== '');",
      },
    ],
  },
];
