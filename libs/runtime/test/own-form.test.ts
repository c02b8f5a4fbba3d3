import { expect, test } from '@jest/globals';
import { newHttpApp, silentLogger } from '@runvoy/runtime';

const schema = { body: { type: 'object', required: ['n'], properties: { n: { type: 'integer' } } } };

test('a body in the form of its own route is read by that, and by no schema', async () => {
  const app = newHttpApp({ logger: silentLogger });
  const readBody = (body: Buffer) => (body.toString() === '{"own":1}' ? { is: 'own' } : undefined);
  app.post('/own', { schema, config: { readBody } }, async ({ body }) => body);
  app.post('/other', { schema }, async ({ body }) => body);
  const send = async (url: string, payload: string) => {
    const headers = { 'content-type': 'application/json' };
    const answer = await app.inject({ method: 'POST', url, headers, payload });
    return [answer.statusCode, answer.json().details ?? answer.json()];
  };
  expect(await send('/own', '{"own":1}')).toEqual([200, { is: 'own' }]);
  expect(await send('/own', '{"n":1}')).toEqual([200, { n: 1 }]);
  expect(await send('/own', '{"own": 1}')).toEqual([400, "body must have required property 'n'"]);
  expect(await send('/other', '{"own":1}')).toEqual([400, "body must have required property 'n'"]);
  await app.close();
});
