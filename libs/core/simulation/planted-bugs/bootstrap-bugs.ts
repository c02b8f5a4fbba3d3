import type { PlantedBug } from '../planted-bug.ts';

/** Mistakes in who is handed a command, and when. */
export const BOOTSTRAP_BUGS: readonly PlantedBug[] = [
  {
    name: 'bootstrap-after-stop',
    means: 'a runner that comes after the stop is handed the command',
    edits: [
      {
        file: 'executions/decide-bootstrap.ts',
        find: '  if (isUnwanted(execution.facts)) {\n',
        replace: '  if (isUnwanted(execution.facts) && nowMs < 0) {\n',
      },
    ],
  },
  {
    name: 'second-nonce-accepted',
    means: 'two runners of one attempt get the command',
    flavour: 'cloud',
    edits: [
      {
        file: 'executions/decide-bootstrap.ts',
        find: 'if (bound && !sameHash(bound.nonce_hash, nonceHash)) {',
        replace: 'if (bound && nowMs < 0) {',
      },
      {
        file: 'executions/decide-bootstrap.ts',
        find: 'if (knownAs !== undefined && named !== undefined && knownAs !== named) {',
        replace: 'if (nowMs < 0) {',
      },
    ],
  },
  {
    name: 'lost-answer-is-a-conflict',
    means: 'a runner that asks again after a lost answer is taken for a second one',
    edits: [
      {
        file: 'executions/decide-bootstrap.ts',
        find: 'if (bound && !sameHash(bound.nonce_hash, nonceHash)) {',
        replace: 'if (bound && nonceHash) {',
      },
    ],
  },
  {
    name: 'answered-without-being-stored',
    means: 'a bootstrap is answered although its record has changed meanwhile',
    edits: [
      {
        file: 'executions/bootstrap-execution.ts',
        find: 'if (decision.after === before || (await replaceExecution({ records }, read, after))) {',
        replace: 'if (decision.after === before || (await replaceExecution({ records }, read, after)) || hasInput) {',
      },
    ],
  },
];
