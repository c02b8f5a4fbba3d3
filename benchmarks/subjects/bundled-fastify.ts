import Fastify from 'fastify';

// What a service costs before it does anything: Fastify with as many routes as the service has, and a door to knock at. It is bundled as
// the services are. `ROUTES` holds pairs of method and path.
const app = Fastify({ logger: false });
app.get('/health', async () => ({ status: 'ok' }));
for (const [method, url] of JSON.parse(process.env['ROUTES'] ?? '[]') as [string, string][]) {
  app.route({ method, url, handler: async () => ({ status: 'ok' }) });
}
await app.listen({ port: 0, host: '127.0.0.1' });
const { port } = app.server.address() as { readonly port: number };
process.stdout.write(`${JSON.stringify({ message: 'listening', port })}\n`);
process.once('SIGTERM', () => void app.close());
