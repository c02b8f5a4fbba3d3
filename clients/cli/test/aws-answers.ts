import { RunvoyError, type RunvoyClient } from '@runvoy/sdk/client';

export const ID = 'a'.repeat(32);

/** runvoy on AWS, as its API answers: no `granted_to`, values in lists, no pages of logs, null for what is old. */
export const aws = {
  health: async () => ({ status: 'ok', version: '0.5.0', provider: 'AWS' }),
  images: async () => ({
    images: [
      {
        image_id: 'alpine:3-1',
        image: 'alpine:3',
        is_default: true,
        cpu: 256,
        memory: 512,
        runtime_platform: 'Linux/ARM64',
      },
      { image_id: 'host', image: 'host' },
      { image_id: 'tf:1-2', image: 'hashicorp/tf:1', cpu: 1024, memory: 2048, task_role_name: 'deployer' },
    ],
  }),
  users: async () => ({ users: [{ email: 'ann@example.com', role: 'admin', revoked: false }] }),
  secrets: async () => ({ secrets: [{ name: 'gh', key_name: 'GITHUB_TOKEN', value: 'the value itself' }] }),
  playbooks: async () => Promise.reject(new RunvoyError('404 page not found', { code: 'NOT_FOUND', status: 404 })),
  list: async () => [
    { execution_id: 'b'.repeat(32), status: 'RUNNING' },
    {
      execution_id: ID,
      created_by: 'ann@example.com',
      owned_by: null,
      command: 'echo hi',
      image_id: 'alpine:3-1',
      started_at: '2025-01-01T00:00:00Z',
      completed_at: '2025-01-01T00:00:05Z',
      status: 'SUCCEEDED',
      exit_code: 0,
      duration_seconds: 5,
      created_by_request_id: 'r',
      modified_by_request_id: '',
      cloud: 'AWS',
    },
  ],
  logPage: async () => ({
    execution_id: ID,
    status: 'SUCCEEDED',
    events: [
      { event_id: 'y', timestamp: 2, message: 'second\nthird' },
      { event_id: 'x', timestamp: 1, message: '### runvoy runner: first\n' },
    ],
  }),
} as unknown as RunvoyClient;
