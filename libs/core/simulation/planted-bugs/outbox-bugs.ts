import type { PlantedBug } from '../planted-bug.ts';

/** Mistakes in how others are told of an end. */
export const OUTBOX_BUGS: readonly PlantedBug[] = [
  {
    name: 'lost-outbox-write',
    means: 'an end is stored and nobody is told',
    edits: [
      { file: 'executions/store-execution.ts', find: '  addToOutbox(\n', replace: '  if (nowMs < 0) addToOutbox(\n' },
    ],
  },
  {
    name: 'outbox-forgets-first',
    means: 'an outbox entry is removed before the bus has it',
    edits: [
      {
        file: 'events/outbox.ts',
        find: '    if (event) await bus.publish(event);\n    await records.delete(outboxRef(entry.id));\n',
        replace: '    await records.delete(outboxRef(entry.id));\n    if (event) await bus.publish(event);\n',
      },
    ],
  },
  {
    name: 'event-acknowledged-too-early',
    means: 'lines in the safety lane are not waited for after the end',
    edits: [
      {
        file: 'executions/finish-execution.ts',
        find: '  const first = await assessLog(deps, execution);\n',
        replace:
          "  const first = { completeness: 'complete' as const };\n  if (isWindowOver && first.completeness !== 'complete') await assessLog(deps, execution);\n",
      },
    ],
    flavour: 'local',
  },
];
