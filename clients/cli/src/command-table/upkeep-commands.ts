import type { Command } from '../command.ts';

/** What operators look after. */
export const UPKEEP_COMMANDS: Readonly<Record<string, Command>> = {
  'dead-letters': {
    usage: 'dead-letters list | show | replay | drop [options] [id...]',
    summary: 'events that nobody could carry out: see them, send them again, give them up',
    options: { limit: { type: 'string', value: 'N', verbs: ['list'], text: 'how many; 20 unless given, 0 = all' } },
    notes: [
      'An event is put aside with its reason when no further delivery can change what becomes of it, or after 100 deliveries.',
      'replay sends it once more; when it fails again, it is open again under the same id. drop gives it up.',
      'Both are recorded with who did it. No run depends on one event: looks by the clock find what an event would have told.',
    ],
    examples: [
      'runvoy dead-letters list',
      'runvoy dead-letters show qtkd5zv3mhwpvyfn2x7a',
      'runvoy dead-letters replay qtkd5zv3mhwpvyfn2x7a',
    ],
    words: { least: 1, most: 1_000 },
    load: async () => (await import('../commands/dead-letters.ts')).deadLetters,
  },
  health: {
    usage: 'health [reconcile]',
    summary: 'show the last health report; "reconcile" repairs and reports now',
    options: {},
    notes: [
      'For admins and operators. Exit code: 1 when the report has errors, or when there is none yet.',
      'What could not be checked is listed with the reason; nothing is said about it, good or bad.',
      "reconcile repairs what is provably runvoy's own. Accounts and permissions are reported and never changed.",
    ],
    examples: ['runvoy health', 'runvoy health reconcile', 'runvoy health --json'],
    words: { least: 0, most: 1 },
    load: async () => (await import('../commands/health.ts')).health,
  },
};
