import { describe, expect, test } from '@jest/globals';
import { newHttpApp, newLogger } from '@runvoy/runtime';

const quiet = newLogger('error', () => undefined);
const integer = (name: string) => ({ type: 'object', properties: { [name]: { type: 'integer' } } });

function openApp() {
  const app = newHttpApp({ logger: quiet });
  app.post('/n', { schema: { body: integer('n') } }, async ({ body }) => body);
  app.post('/m', { schema: { body: integer('m') } }, async ({ body }) => body);
  app.post('/unreadable', { schema: { body: { $ref: '#/definitions/nowhere' } } }, async () => 'read');
  return app;
}

describe('schemas of bodies', () => {
  test('are compiled by the first body: one that cannot be keeps nobody else from being served', async () => {
    const app = openApp();
    await app.ready();
    expect((await app.inject({ method: 'POST', url: '/n', payload: { n: 1 } })).json()).toEqual({ n: 1 });
    expect((await app.inject({ method: 'POST', url: '/unreadable', payload: {} })).statusCode).toBe(500);
    await app.close();
  });

  test('say what is wrong with each body, also of those that come at once', async () => {
    const app = openApp();
    const send = async (name: string, value: unknown) =>
      (await app.inject({ method: 'POST', url: `/${name}`, payload: { [name]: value } })).json().details;
    const said = await Promise.all([send('n', 'one'), send('m', 'two'), send('n', 'three')]);
    expect(said).toEqual(['body/n must be integer', 'body/m must be integer', 'body/n must be integer']);
    expect((await app.inject({ method: 'POST', url: '/n', payload: { n: 2 } })).json()).toEqual({ n: 2 });
    await app.close();
  });
});
