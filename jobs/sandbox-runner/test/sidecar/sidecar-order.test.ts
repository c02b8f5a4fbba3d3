import { describe, expect, test } from '@jest/globals';
import { takeSidecarOrder } from '../../src/sidecar/sidecar-order.ts';

const GOOD = {
  RUNVOY_EXECUTION_ID: 'e'.repeat(32),
  RUNVOY_ATTEMPT: '3',
  RUNVOY_BOOTSTRAP_TOKEN: 'one-time-token',
  RUNVOY_INTAKE_URL: 'https://intake.example.com',
};

describe('the order of a sidecar', () => {
  test('comes from the environment, with a default for whatever the platform fixes', () => {
    expect(takeSidecarOrder({ ...GOOD, CLOUD_RUN_EXECUTION: 'rv-a-bcdef', PATH: '/bin' })).toEqual({
      execution_id: 'e'.repeat(32),
      attempt: 3,
      token: 'one-time-token',
      isolation: 'cloud-run',
      platform_execution: 'rv-a-bcdef',
      intake_url: 'https://intake.example.com',
      metadata_host: 'metadata.google.internal',
      volume: '/runvoy',
      static_shell: '/usr/local/lib/runvoy/busybox',
      probe_host: '0.0.0.0',
      probe_port: 8089,
      tool_path: '/bin',
    });
  });

  test('leaves no secret in the environment that tools would inherit', () => {
    const env: Record<string, string | undefined> = { ...GOOD };
    takeSidecarOrder(env);
    expect(Object.values(env)).not.toContain('one-time-token');
  });

  test('that is not whole is refused, naming everything that is wrong and no secret', () => {
    const bad = { RUNVOY_BOOTSTRAP_TOKEN: 'one-time-token', RUNVOY_ATTEMPT: 'first', RUNVOY_INTAKE_URL: 'file:///etc' };
    expect(() => takeSidecarOrder(bad)).toThrow(
      'RUNVOY_EXECUTION_ID is not set; RUNVOY_INTAKE_URL must be an http or https URL; got "file:///etc"; RUNVOY_ATTEMPT must be a whole number; got "first"',
    );
  });
});
