import { createRequire } from 'node:module';
import type { Stage, StageResult } from './stage.ts';

type Progress = { end: () => void };

/** Builds the console if its sources have changed, as the launcher does: tests open the one that belongs to the sources. */
export function consoleStage(root: string): Stage {
  const load = createRequire(import.meta.url);
  const { ensureConsoleBuilt } = load('../launch/console-build.cjs') as {
    ensureConsoleBuilt: (root: string, node: string, progress: Progress) => Promise<void>;
  };
  const { ProgressLine } = load('../launch/progress-line.cjs') as {
    ProgressLine: new (to: NodeJS.WriteStream) => Progress;
  };
  return {
    name: 'console',
    async run(): Promise<StageResult> {
      const progress = new ProgressLine(process.stderr);
      try {
        await ensureConsoleBuilt(root, process.execPath, progress);
        return { passed: 1, failed: 0, skipped: [] };
      } catch (error) {
        const { message, output = '' } = error as { message: string; output?: string };
        return { passed: 0, failed: 1, skipped: [], output: `${output}${message}` };
      } finally {
        progress.end();
      }
    },
  };
}
