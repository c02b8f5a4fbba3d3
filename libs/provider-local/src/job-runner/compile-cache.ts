import { join } from 'node:path';

/**
 * Where supervisors keep what Node has compiled of them: where this process keeps its own, so that the first of them finds most of it
 * there, or else in the data directory. Never a place that a command may write to from within a sandbox.
 */
export function compileCache(dataDir: string, env: Readonly<Record<string, string | undefined>>): string {
  return env['NODE_COMPILE_CACHE'] || join(dataDir, 'compile-cache');
}
