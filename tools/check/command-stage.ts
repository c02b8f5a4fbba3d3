import { runNode } from './run-command.ts';
import type { Stage } from './stage.ts';

const LIMIT_MS = 180_000;

/** A stage that passes or fails as a whole and counts as one test. Its output is shown only when it fails. */
export function commandStage(name: string, args: string[], alsoFind: () => string[] = () => []): Stage {
  return {
    name,
    async run(): Promise<{ passed: number; failed: number; skipped: string[]; output?: string }> {
      const { ok, output, timedOut } = await runNode(args, { limitMs: LIMIT_MS });
      const findings = alsoFind();
      if (ok && findings.length === 0) return { passed: 1, failed: 0, skipped: [] };
      const late = timedOut ? [`Took longer than ${LIMIT_MS / 1000} s.`] : [];
      return {
        passed: 0,
        failed: 1,
        skipped: [],
        output: [ok ? '' : output.trim(), ...late, ...findings].filter(Boolean).join('\n'),
      };
    },
  };
}
