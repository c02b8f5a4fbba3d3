import type { Permission } from '../../libs/core/src/access/permissions.ts';

/** What a route asks of its caller. */
export interface RouteRule {
  /** The permission; or that any key, or none, will do. */
  readonly needs: Permission | 'any key' | 'no key';
  /** What the permission is about, where owning it decides. */
  readonly about?: 'execution' | 'secret' | 'playbook' | 'key';
  /** How a refusal is told; 403 unless said: 404 keeps to itself whether the thing is there. */
  readonly refused?: 404;
  /** What else decides. */
  readonly also?: string;
}

/**
 * Every route of the public API, and what it asks for. `docs/permissions.md` prints it, and a test calls every route as every role, as
 * owner and as a stranger. A route that is not here fails that test.
 */
export const ROUTE_RULES: Readonly<Record<string, RouteRule>> = {
  'GET /api/v1/health': { needs: 'no key' },
  'GET /api/v1/openapi.json': { needs: 'no key' },
  'GET /api/docs': { needs: 'no key' },
  'GET /api/v1/claim/:token': { needs: 'no key', also: 'the token' },
  'POST /api/v1/claim/:token': { needs: 'no key', also: 'the token' },
  'POST /api/v1/run': { needs: 'run.create', also: '`secret.use` of each secret; the images and secrets of the key' },
  'GET /api/v1/playbooks': { needs: 'playbook.read' },
  'POST /api/v1/playbooks': { needs: 'playbook.create' },
  'GET /api/v1/playbooks/:name': { needs: 'playbook.read' },
  'PUT /api/v1/playbooks/:name': { needs: 'playbook.change', about: 'playbook' },
  'DELETE /api/v1/playbooks/:name': { needs: 'playbook.delete', about: 'playbook' },
  'GET /api/v1/playbooks/:name/versions': { needs: 'playbook.read' },
  'POST /api/v1/playbooks/:name/run': { needs: 'playbook.run', also: 'what `POST /api/v1/run` asks for' },
  'GET /api/v1/executions': { needs: 'executions.list' },
  'GET /api/v1/executions/:id': { needs: 'execution.read', about: 'execution' },
  'GET /api/v1/executions/:id/status': { needs: 'execution.read', about: 'execution' },
  'GET /api/v1/executions/:id/logs': { needs: 'execution.read', about: 'execution' },
  'GET /api/v1/executions/:id/logs/search': { needs: 'execution.read', about: 'execution' },
  'GET /api/v1/executions/:id/logs.txt': {
    needs: 'execution.read',
    about: 'execution',
    also: 'or a ticket: `?token=`',
  },
  'GET /api/v1/executions/:id/logs/stream': { needs: 'execution.read', about: 'execution' },
  'GET /api/v1/executions/:id/logs/verify': { needs: 'execution.read', about: 'execution' },
  'POST /api/v1/executions/:id/ticket': { needs: 'execution.read', about: 'execution' },
  'GET /api/v1/executions/:id/explain': { needs: 'execution.read', about: 'execution' },
  'DELETE /api/v1/executions/:id': { needs: 'execution.stop', about: 'execution' },
  'GET /api/v1/trace/:request_id': { needs: 'trace.read' },
  'GET /api/v1/images': { needs: 'images.read' },
  'GET /api/v1/images/*': { needs: 'images.read' },
  'POST /api/v1/images/register': { needs: 'images.register' },
  'DELETE /api/v1/images/*': { needs: 'images.remove' },
  'GET /api/v1/secrets': { needs: 'secrets.list', also: 'only those of which one has `secret.use`' },
  'POST /api/v1/secrets': { needs: 'secrets.create' },
  'GET /api/v1/secrets/:name': { needs: 'secret.read', about: 'secret' },
  'PUT /api/v1/secrets/:name': { needs: 'secret.change', about: 'secret' },
  'DELETE /api/v1/secrets/:name': { needs: 'secret.change', about: 'secret' },
  'PUT /api/v1/secrets/:name/grants/:email': { needs: 'secret.change', about: 'secret' },
  'DELETE /api/v1/secrets/:name/grants/:email': { needs: 'secret.change', about: 'secret' },
  'GET /api/v1/sealing-key': { needs: 'sealing-key.manage' },
  'POST /api/v1/sealing-key/rotate': { needs: 'sealing-key.manage' },
  'POST /api/v1/sealing-key/reseal': { needs: 'sealing-key.manage' },
  'POST /api/v1/import/executions': { needs: 'import.create' },
  'POST /api/v1/import/executions/:id/log': { needs: 'import.create' },
  'GET /api/v1/users': { needs: 'users.read' },
  'GET /api/v1/users/:email': { needs: 'users.read' },
  'POST /api/v1/users/create': { needs: 'users.create' },
  'POST /api/v1/users/revoke': { needs: 'users.revoke' },
  'PUT /api/v1/users/:email/role': { needs: 'users.change' },
  'POST /api/v1/users/login-link': { needs: 'sign-in.create' },
  'GET /api/v1/keys': { needs: 'keys.manage', about: 'key', also: 'whose keys: `?user=`, or one’s own' },
  'POST /api/v1/keys': { needs: 'keys.manage', about: 'key', also: 'never more than the key that asks' },
  'GET /api/v1/keys/:id': { needs: 'keys.manage', about: 'key', refused: 404 },
  'POST /api/v1/keys/:id/rotate': { needs: 'keys.manage', about: 'key', refused: 404 },
  'DELETE /api/v1/keys/:id': { needs: 'keys.manage', about: 'key', refused: 404 },
  'GET /api/v1/whoami': { needs: 'any key' },
  'GET /api/v1/can': { needs: 'any key' },
  'GET /api/v1/audit': { needs: 'audit.read' },
  'GET /api/v1/audit/verify': { needs: 'audit.read' },
  'GET /api/v1/dead-letters': { needs: 'dead-letters.read' },
  'GET /api/v1/dead-letters/:id': { needs: 'dead-letters.read' },
  'POST /api/v1/dead-letters/:id/replay': { needs: 'dead-letters.change' },
  'DELETE /api/v1/dead-letters/:id': { needs: 'dead-letters.change' },
  'GET /api/v1/health/report': { needs: 'health.read' },
  'POST /api/v1/health/reconcile': { needs: 'health.reconcile' },
};
