import { expect, test } from '@jest/globals';
import { telemetryReceiver } from '../src/index.ts';

const CONFIG = { observabilityEnabled: true, project: 'p', region: 'europe-west1', environment: 'production' };

test('nothing goes to Google unless it is asked for', () => {
  expect(telemetryReceiver({ ...CONFIG, observabilityEnabled: false })).toBeUndefined();
});

test('what goes to Google names its project, and comes with the token that holds then', async () => {
  let asked = 0;
  const receiver = telemetryReceiver(CONFIG, async () => ({ getAccessToken: async () => `t${(asked += 1)}` }))!;
  expect(receiver).toMatchObject({
    endpoint: 'https://telemetry.googleapis.com',
    resourceAttributes: { 'gcp.project_id': 'p', 'cloud.region': 'europe-west1' },
  });
  expect(await receiver.headers()).toEqual({ Authorization: 'Bearer t1' });
  expect(await receiver.headers()).toEqual({ Authorization: 'Bearer t2' });
});
