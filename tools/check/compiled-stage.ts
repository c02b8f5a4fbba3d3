import { existsSync } from 'node:fs';
import { runNode } from './run-command.ts';
import type { Stage } from './stage.ts';

const LIMIT_MS = 60_000;
/** What the services of a deployment are made of: Node keeps what it has compiled of a service only when that ends by itself. */
const PACKAGES = ['@runvoy/orchestrator', '@runvoy/processor', '@runvoy/provider-gcp', '@runvoy/websocket'];
const IMPORT_ALL = `for (const name of ${JSON.stringify(PACKAGES)}) await import(name);`;

/**
 * A stage whose tests start a deployment's programs again and again: they are compiled before, as the images hold them. The sidecar
 * finds the cache read-only, so nobody else would; the services fill it themselves, but on a fresh checkout all tests that run at the
 * same time would start theirs without it.
 */
export function compiledStage(cache: string, stage: Stage): Stage {
  return {
    ...stage,
    async run(args) {
      const packages = existsSync(cache) ? [] : [['--input-type=module', '--eval', IMPORT_ALL]];
      for (const program of [['tools/image/compile-sidecar.ts'], ...packages]) {
        const { ok, output } = await runNode(program, { limitMs: LIMIT_MS, env: { NODE_COMPILE_CACHE: cache } });
        if (!ok) return { passed: 0, failed: 1, skipped: [], output };
      }
      return stage.run(args);
    },
  };
}
