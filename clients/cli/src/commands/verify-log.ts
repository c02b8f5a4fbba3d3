import type { LogGap, VerifyLogBody } from '@runvoy/protocol';
import { counted } from '@runvoy/sdk/texts';
import { openConnection } from '../connection.ts';
import { EXIT } from '../exit-code.ts';
import type { Invocation } from '../invocation.ts';
import { gapNames } from '../log-verdict-text.ts';
import { newTally } from '../new-tally.ts';
import { openApi } from '../open-api.ts';
import { readStored } from '../read-stored.ts';
import { paint } from '../terminal.ts';

/** What this computer received of a log. */
interface Received {
  readonly lines: number;
  readonly sha256: string;
  readonly gaps: readonly LogGap[];
}

/** What the three digests amount to; `mismatch`: every line is there, and they do not agree. */
type Verdict = 'verified' | 'gaps' | 'mismatch' | 'unproven' | 'running';

/**
 * `runvoy logs --verify`: reads the whole log, digests the lines it received, and compares with what the server makes of the lines it
 * stores and with what the runner signed at its end, or what an imported log came with.
 */
export async function verifyLog(invocation: Invocation): Promise<number> {
  const { options, words, terminal } = invocation;
  const api = openApi(await openConnection(invocation));
  const id = words[0] ?? '';
  const tally = newTally();
  const gaps: LogGap[] = [];
  await readStored(api, id, tally, { lines: () => undefined, gap: (gap) => gaps.push(gap), full: () => undefined });
  const stored = await api.verifyLog(id);
  const received = { lines: tally.lines, sha256: tally.digest(), gaps };
  const verdict = verdictOf(received, stored);
  if (options.flag('json')) {
    const own = { received_lines: received.lines, received_sha256: received.sha256, received_gaps: gaps };
    terminal.stdout.write(`${JSON.stringify({ ...stored, ...own, verdict, verified: verdict === 'verified' })}\n`);
  } else {
    terminal.stdout.write(tableOf(received, stored));
    const style = verdict === 'verified' ? 'green' : 'red';
    terminal.stderr.write(`${paint(terminal, terminal.stderr, style, sentenceOf(verdict, received, stored))}\n`);
  }
  return verdict === 'verified' ? EXIT.ok : EXIT.failed;
}

function verdictOf(received: Received, stored: VerifyLogBody): Verdict {
  if (stored.completeness === 'running') return 'running';
  if (stored.completeness === 'gaps' || received.gaps.length > 0 || received.lines < stored.lines) return 'gaps';
  if (stored.sha256 === undefined) {
    // A run that never had a runner has no log, and nobody who could have signed it.
    const isEmpty = stored.completeness === 'complete' && stored.lines === 0 && received.lines === 0;
    return isEmpty ? 'verified' : 'unproven';
  }
  return received.sha256 === stored.sha256 && stored.stored_sha256 === stored.sha256 ? 'verified' : 'mismatch';
}

function tableOf(received: Received, { stored_sha256, sha256, lines, imported }: VerifyLogBody): string {
  const signed = sha256 === undefined ? 'no end record' : `${sha256}  ${counted(lines, 'line')}`;
  return [
    `received  ${received.sha256}  ${counted(received.lines, 'line')}`,
    `stored    ${stored_sha256}`,
    `${imported ? 'imported' : 'signed  '}  ${signed}`,
    '',
  ].join('\n');
}

function sentenceOf(verdict: Verdict, { gaps }: Received, stored: VerifyLogBody): string {
  switch (verdict) {
    case 'verified':
      return `complete, verified: this computer digested what it received, and it is what ${
        stored.imported ? 'was imported: no runner of this deployment signed it' : 'the runner signed'
      }`;
    case 'gaps':
      return `NOT complete: missing ${gapNames(stored.gaps.length > 0 ? stored.gaps : gaps)}`;
    case 'mismatch':
      return 'NOT verified: the digests are not the same';
    case 'unproven':
      return `unproven: there is no end record${stored.gaps.length === 0 ? '' : `, and lines are missing: ${gapNames(stored.gaps)}`}`;
    case 'running':
      return 'not settled yet: more lines may come';
  }
}
