import { describe, expect, test } from '@jest/globals';
import { Failure, type CallerVerifier } from '@runvoy/core';
import { silentLogger } from '@runvoy/runtime';
import { buildRunnerIntake, type Callers, type RunnerDeps } from '../src/index.ts';
import { openEventWorld, printedLogs, ID } from './event-world.ts';

/** Believes the word in the header: verifying tokens is the verifier's business, and tested with it. */
const verifier: CallerVerifier = {
  async verify({ authorization }, { audience, emails }) {
    const [email, tokenAudience] = String(authorization ?? '').split(' ');
    if (!email || tokenAudience !== audience) throw new Failure('UNAUTHORIZED', 'no token for this audience');
    if (!emails.includes(email)) throw new Failure('FORBIDDEN', `${email} may not call this`);
    return { email };
  },
};
const callers: Callers = {
  verifier,
  accounts: { carrier: { audience: 'https://processor', emails: ['carrier@p.iam'] } },
};
const tick = { specversion: '1.0', id: 't', source: '/s', type: 'dev.runvoy.tick.v1', data: {} };

describe('the routes for events', () => {
  test.each(['/events', '/events/logs', '/events/tick'])('%s lets in nobody but its carrier', async (path) => {
    await using world = await openEventWorld({ callers });
    const statusFor = async (authorization?: string) =>
      (
        await world.inject(path, tick, {
          'content-type': 'application/cloudevents+json',
          ...(authorization === undefined ? {} : { authorization }),
        })
      ).statusCode;
    expect(await statusFor('carrier@p.iam https://processor')).toBe(204);
    expect(await statusFor()).toBe(401);
    expect(await statusFor('carrier@p.iam https://elsewhere')).toBe(401);
    expect(await statusFor('job@p.iam https://processor')).toBe(403);
    expect(world.dead).toEqual([]);
  });

  test('do not answer runners', async () => {
    await using world = await openEventWorld({ callers });
    expect((await world.inject(`/runner/v1/executions/${ID}/logs`, printedLogs().body)).statusCode).toBe(404);
  });
});

describe('the routes for runners', () => {
  const intake = () => buildRunnerIntake({ logger: silentLogger, callers } as unknown as RunnerDeps);

  test('let nobody bootstrap when no account of a job is named', async () => {
    await using app = intake();
    const url = `/runner/v1/executions/${ID}/bootstrap`;
    const payload = { token: 't', attempt: 1, nonce: '1'.repeat(32), runner_version: '1' };
    const authorization = 'carrier@p.iam https://processor';
    expect((await app.inject({ method: 'POST', url, payload, headers: { authorization } })).statusCode).toBe(401);
  });

  test('do not answer events', async () => {
    await using app = intake();
    for (const url of ['/events', '/events/logs', '/events/tick']) {
      expect((await app.inject({ method: 'POST', url, payload: tick })).statusCode).toBe(404);
    }
  });
});
