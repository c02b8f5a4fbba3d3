import type { PlantedBug } from './planted-bug.ts';
import { ARCHIVE_BUGS } from './planted-bugs/archive-bugs.ts';
import { BOOTSTRAP_BUGS } from './planted-bugs/bootstrap-bugs.ts';
import { LOG_BUGS } from './planted-bugs/log-bugs.ts';
import { OUTBOX_BUGS } from './planted-bugs/outbox-bugs.ts';
import { READER_BUGS } from './planted-bugs/reader-bugs.ts';
import { RECORD_BUGS } from './planted-bugs/record-bugs.ts';
import { SLOT_BUGS } from './planted-bugs/slot-bugs.ts';
import { START_BUGS } from './planted-bugs/start-bugs.ts';
import { STOP_BUGS } from './planted-bugs/stop-bugs.ts';
import { VERDICT_BUGS } from './planted-bugs/verdict-bugs.ts';

/** Every known mistake, house by house. */
export const PLANTED_BUGS: readonly PlantedBug[] = [
  ...READER_BUGS,
  ...LOG_BUGS,
  ...ARCHIVE_BUGS,
  ...BOOTSTRAP_BUGS,
  ...START_BUGS,
  ...STOP_BUGS,
  ...VERDICT_BUGS,
  ...OUTBOX_BUGS,
  ...RECORD_BUGS,
  ...SLOT_BUGS,
];
