import { auditBody, listAudit, requirePermission, verifyAudit, type AuditFilter } from '@runvoy/core';
import { AuditPageSchema, AuditProofSchema, AuditQuerySchema } from '@runvoy/protocol/schemas';
import type { ListAuditAnswer, VerifyAuditAnswer } from '@runvoy/protocol';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { callerOf } from './authentication.ts';
import type { OrchestratorDeps } from './deps.ts';
import { readPageQuery, readText, readSpan } from './list-query.ts';

/** Who changed what: list, and prove that nothing was taken out. */
export function auditRoutes(api: FastifyInstance, { records }: OrchestratorDeps): void {
  const mayRead = async (request: FastifyRequest) => requirePermission(callerOf(request), 'audit.read');

  api.get<{ Querystring: Record<string, unknown> }>(
    '/audit',
    {
      schema: {
        operationId: 'listAudit',
        tags: ['audit'],
        summary: 'Who changed what, newest first',
        description:
          'With several of subject, by and action all have to be true. A page may then be short, or empty, and still name the next.',
        permission: 'audit.read',
        querystring: AuditQuerySchema,
        response: { 200: AuditPageSchema },
        errors: ['INVALID_REQUEST'],
      },
      preValidation: mayRead,
    },
    async ({ query }): Promise<ListAuditAnswer> => {
      const page = await listAudit(records, readFilter(query), readPageQuery(query));
      return {
        records: page.records.map(auditBody),
        ...(page.next === undefined ? {} : { next: page.next }),
      };
    },
  );

  api.get(
    '/audit/verify',
    {
      schema: {
        operationId: 'verifyAudit',
        tags: ['audit'],
        summary: 'Whether anything was changed or taken out',
        permission: 'audit.read',
        response: { 200: AuditProofSchema },
      },
      preValidation: mayRead,
    },
    async (): Promise<VerifyAuditAnswer> => verifyAudit(records),
  );
}

function readFilter(query: Readonly<Record<string, unknown>>): AuditFilter {
  const texts = Object.fromEntries(
    (['subject', 'by', 'action'] as const)
      .map((name) => [name, readText(name, query[name])] as const)
      .filter(([, text]) => text !== ''),
  );
  const [fromMs, toMs] = readSpan(query, 'from', 'to');
  return { ...texts, ...(fromMs === undefined ? {} : { fromMs }), ...(toMs === undefined ? {} : { toMs }) };
}
