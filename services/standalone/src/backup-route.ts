import { authenticate, requirePermission, type Clock, type Records } from '@runvoy/core';
import type { FastifyInstance } from 'fastify';

export const BACKUP_PATH = '/local/v1/backup';

/**
 * `POST /local/v1/backup {to}` on the Unix socket of the data directory: writes a backup of the running server into a directory of the
 * caller's, who is the same user. It asks for an admin's key nevertheless: commands that run without isolation can reach the socket.
 */
export function backupRoute(
  app: FastifyInstance,
  deps: {
    readonly records: Records;
    readonly clock: Clock;
    /** Writes the backup; answers what it says of itself. */
    readonly backup: (to: string) => Promise<object>;
  },
): void {
  const schema = {
    body: {
      type: 'object',
      required: ['to'],
      additionalProperties: false,
      properties: { to: { type: 'string', pattern: '^/' } },
    },
  };
  app.post<{ Body: { to: string } }>(BACKUP_PATH, { schema }, async (request) => {
    const key = request.headers['x-api-key'];
    const caller = await authenticate(deps, typeof key === 'string' ? key : undefined);
    requirePermission(caller, 'backup.create');
    try {
      return await deps.backup(request.body.to);
    } catch (error) {
      return { problem: (error as Error).message };
    }
  });
}
