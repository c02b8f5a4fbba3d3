import type { HealthIssue, SecretsStatus } from '@runvoy/protocol';
import { sealedWith } from '../secrets/envelope.ts';
import { healthIssue } from './health-checks.ts';
import type { Findings, HealthProbe, KnownThings } from './health-probe.ts';

export const NO_SECRETS: SecretsStatus = {
  total_secrets: 0,
  verified_count: 0,
  tag_updated_count: 0,
  missing_count: 0,
  orphaned_count: 0,
  orphaned_parameters: [],
  resealed_count: 0,
  unresealed_count: 0,
};

/**
 * Whether every secret can still be opened: the key that it was sealed with is asked for, by its id. Nothing is opened. A secret's
 * value lies in the record that describes it, so that neither can be without the other.
 */
export async function checkSecrets(probe: HealthProbe, { secrets }: KnownThings): Promise<Findings<SecretsStatus>> {
  const keyOf = new Map(secrets.map(({ name, sealed }) => [name, sealedWith(sealed)] as const));
  const ids = new Set([...keyOf.values()].filter((id) => id !== undefined));
  const { status: keys, issues, unchecked } = await probe.keys([...ids]);
  const closed: HealthIssue[] = [];
  for (const [name, id] of keyOf) {
    if (id !== undefined && !keys.missing.includes(id)) continue;
    const why = id === undefined ? 'Its form is not one that this program knows.' : `It was sealed with key ${id}.`;
    closed.push(healthIssue('secret_closed', name, why));
  }
  return {
    status: {
      ...NO_SECRETS,
      total_secrets: secrets.length,
      verified_count: secrets.length - closed.length,
      tag_updated_count: keys.tag_updated_count,
      missing_count: closed.length,
    },
    issues: [...issues, ...closed],
    unchecked,
  };
}
