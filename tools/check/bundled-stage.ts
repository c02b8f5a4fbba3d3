import { runNode } from './run-command.ts';
import type { Stage } from './stage.ts';

const LIMIT_MS = 60_000;

/**
 * A stage whose tests start the services of a deployment as their images hold them, bundled into `directory`: what is tried is what is
 * deployed, and it starts in half the time. With RUNVOY_TEST_BUNDLES in the environment that decides: another directory, or nothing for
 * the sources.
 */
export function bundledStage(directory: string, stageWith: (env: Record<string, string>) => Stage): Stage {
  const isToldOtherwise = process.env['RUNVOY_TEST_BUNDLES'] !== undefined;
  const stage = stageWith(isToldOtherwise ? {} : { RUNVOY_TEST_BUNDLES: directory });
  return {
    ...stage,
    async run(args) {
      if (isToldOtherwise) return stage.run(args);
      const bundling = ['tools/image/bundle.ts', directory, 'orchestrator', 'processor', 'websocket'];
      const { ok, output } = await runNode(bundling, { limitMs: LIMIT_MS });
      return ok ? stage.run(args) : { passed: 0, failed: 1, skipped: [], output };
    },
  };
}
