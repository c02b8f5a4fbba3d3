import type { Invocation } from '../invocation.ts';
import { dataDirOf } from '../local-server.ts';
import { runServerMain } from '../server-main.ts';

/** `runvoy backup`: a backup of the local store, while its server runs or not. */
export function backup(invocation: Invocation): Promise<number> {
  const to = invocation.options.text('to');
  return runServerMain(['backup', ...common(invocation), ...(to === undefined ? [] : [`--to=${to}`])]);
}

/** `runvoy restore`: a data directory made of a backup. */
export function restore(invocation: Invocation): Promise<number> {
  const [from = ''] = invocation.words;
  const force = invocation.options.flag('force') ? ['--force'] : [];
  return runServerMain(['restore', ...common(invocation), ...force, '--', from]);
}

function common(invocation: Invocation): string[] {
  return [`--data-dir=${dataDirOf(invocation)}`, ...(invocation.options.flag('json') ? ['--json'] : [])];
}
