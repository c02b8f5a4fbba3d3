import { expect, test } from '@jest/globals';
import { newHttpApp, silentLogger } from '@runvoy/runtime';
import { lookEvent, newCarrier } from '../src/carrier.ts';

test('an event is delivered when the processor has stored its effect, and only then', async () => {
  const app = newHttpApp({ logger: silentLogger });
  let status = 204;
  app.post('/events', (_, reply) => reply.code(status).send());
  const carrier = newCarrier(Promise.resolve(app), () => undefined);
  expect(await carrier.deliver('/events', lookEvent('e', 0))).toBe(true);
  status = 503;
  expect(await carrier.deliver('/events', lookEvent('e', 0))).toBe(false);
  await app.close();
});

test('an event that finds no processor is noticed and not delivered, and nobody falls over it', async () => {
  const noticed: unknown[] = [];
  const carrier = newCarrier(Promise.reject(new Error('closed')), (error) => noticed.push(error));
  expect(await carrier.deliver('/events', lookEvent('e', 0))).toBe(false);
  expect(noticed).toHaveLength(1);
});
