import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';
import { idleCost } from '../infra/idle-cost.ts';
import { PRICES } from '../infra/prices.ts';
import type { PlannedResource } from '../terraform/terraform-workspace.ts';

const page = readFileSync(fileURLToPath(new URL('../../docs/operations/cost.md', import.meta.url)), 'utf8');
const planned = (type: string, after: PlannedResource['after']): PlannedResource => ({
  address: `${type}.x`,
  type: `google_${type}`,
  name: 'x',
  after,
  after_unknown: {},
});
const service = (name: string, min: number, cpu = '1', memory = '512Mi') =>
  planned('cloud_run_v2_service', {
    name,
    template: [{ scaling: [{ min_instance_count: min }], containers: [{ resources: [{ limits: { cpu, memory } }] }] }],
  });
const MINIMAL = [
  planned('cloud_scheduler_job', { name: 'runvoy-tick', schedule: '* * * * *' }),
  planned('cloud_scheduler_job', { name: 'runvoy-sweep', schedule: '0 * * * *' }),
  service('runvoy-orchestrator', 0),
];
const costOf = (...plan: readonly PlannedResource[]) =>
  idleCost([...MINIMAL, ...plan]).reduce((sum, { usd = 0 }) => sum + usd, 0);

test('the prices of the cost page are those that plans are worked out with', () => {
  const table = page.slice(page.indexOf('| price ')).split('\n\n')[0]!;
  const listed = [...table.matchAll(/^\| [^|]+ \| ([\d.]+) +\|/gm)].map(([, usd]) => Number(usd));
  expect(listed).toEqual(Object.values(PRICES));
});

test('the cost page says of each choice what a plan says of it', () => {
  const table = page.slice(page.indexOf('| chosen ')).split('\n\n')[0]!;
  const listed = [...table.matchAll(/\| ([\d.]+) USD +\|$/gm)].map(([, usd]) => usd);
  const armor = planned('compute_security_policy', { rule: [{}, {}] });
  const connector = planned('vpc_access_connector', { min_instances: 2, machine_type: 'e2-micro' });
  const sums = [
    costOf(),
    costOf(service('runvoy-orchestrator', 1), service('runvoy-websocket', 1)),
    costOf(planned('compute_global_forwarding_rule', {}), armor),
    costOf(connector),
  ];
  expect(listed).toEqual(sums.map((usd) => usd.toFixed(2)));
});

test('a schedule that is not one of ours costs its job, and nothing is made up about how often it calls', () => {
  const often = (schedule: string) =>
    idleCost([planned('cloud_scheduler_job', { name: 'x', schedule })]).filter(({ what }) => what.includes('requests'));
  expect(often('*/5 * * * *')).toMatchObject([{ what: expect.stringContaining('8640 requests') }]);
  expect(often('0 3 * * 1')).toEqual([]);
});

test('an instance that is always there costs by its size', () => {
  const [row] = idleCost([service('runvoy-websocket', 2, '2', '1Gi')]);
  expect(row!.usd).toBeCloseTo(2 * 2_592_000 * (2 * PRICES.idleVcpuSecond + PRICES.idleGibSecond), 6);
  expect(row!.what).toBe('runvoy-websocket: 2 instance always there (2 vCPU, 1Gi)');
});
