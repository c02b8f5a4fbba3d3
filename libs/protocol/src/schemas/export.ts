import Type, { type TSchema } from 'typebox';
import { EXPORT_VERSION, IMPORT_AT_MOST } from '../export.ts';
import { LIMITS } from '../limits.ts';
import { PlaybookDefinitionSchema } from './playbooks.ts';
import { LogLineSchema } from './runner.ts';

const ExecutionId = Type.String({ pattern: '^[0-9a-f]{32}$' });
const Time = Type.String({ pattern: '^\\d{4}-\\d\\d-\\d\\dT', maxLength: 40 });
const Text = Type.String({ maxLength: 512 });
const Emails = Type.Array(Type.String({ maxLength: LIMITS.emailChars }), { maxItems: 100 });

/** A run that has ended, as exports carry it. Unknown fields are refused: a file of another form is not half read. */
export const ExportedRunSchema = Type.Object(
  {
    execution_id: ExecutionId,
    created_by: Type.String({ maxLength: LIMITS.emailChars }),
    owned_by: Emails,
    command: Type.String({ maxLength: LIMITS.commandBytes }),
    image_id: Text,
    started_at: Time,
    completed_at: Type.Optional(Time),
    status: Type.Union([Type.Literal('SUCCEEDED'), Type.Literal('FAILED'), Type.Literal('STOPPED')]),
    exit_code: Type.Integer({ minimum: 0, maximum: 255 }),
    reason: Type.Optional(Type.String({ maxLength: 64 })),
    created_by_request_id: Text,
    modified_by_request_id: Text,
    cloud: Type.String({ maxLength: 64 }),
    secrets: Type.Optional(Type.Array(Text, { maxItems: LIMITS.secretsPerRun })),
    cpu: Type.Optional(Type.Integer({ minimum: 0, maximum: 1_048_576 })),
    memory: Type.Optional(Type.Integer({ minimum: 0, maximum: 16_777_216 })),
    duration_seconds: Type.Optional(Type.Integer({ minimum: 0, maximum: 1_000_000_000 })),
    isolation: Type.Optional(
      Type.Union([
        Type.Literal('container'),
        Type.Literal('bubblewrap'),
        Type.Literal('process'),
        Type.Literal('cloud-run'),
      ]),
    ),
    log: Type.Optional(
      Type.Object(
        {
          lines: Type.Integer({ minimum: 0 }),
          bytes: Type.Integer({ minimum: 0 }),
          sha256: Type.String({ pattern: '^[0-9a-f]{64}$' }),
          maskings: Type.Optional(Type.Integer({ minimum: 0 })),
        },
        { additionalProperties: false },
      ),
    ),
  },
  { title: 'ExportedRun', additionalProperties: false },
);

/** `POST /api/v1/import/executions`. */
export const ImportExecutionsRequestSchema = Type.Object({
  executions: Type.Array(ExportedRunSchema, { minItems: 1, maxItems: IMPORT_AT_MOST }),
  source: Type.String({ minLength: 1, maxLength: 64 }),
});

export const ImportedExecutionsSchema = Type.Object({
  executions: Type.Array(
    Type.Object({
      execution_id: ExecutionId,
      outcome: Type.Union([Type.Literal('created'), Type.Literal('exists')]),
      wants_log: Type.Boolean(),
    }),
  ),
});

/** `POST /api/v1/import/executions/{id}/log`. */
export const ImportLogRequestSchema = Type.Object({
  lines: Type.Array(LogLineSchema, {
    minItems: 1,
    examples: [[{ seq: 1, stream: 'stdout', ms: 1_769_860_800_000, text: 'ok' }]],
  }),
});

export const ImportedLogSchema = Type.Object({ execution_id: ExecutionId, through: Type.Integer({ minimum: 0 }) });

const optionalTexts = (...names: string[]) =>
  Object.fromEntries(names.map((name) => [name, Type.Optional(Type.String())]));
const line = (type: string, fields: Readonly<Record<string, TSchema>>) =>
  Type.Object({ type: Type.Literal(type), ...fields }, { additionalProperties: false });

/** Every line of an export of this version. `docs/export.schema.json` is this. */
export const ExportLineSchema = Type.Union([
  line('export', {
    version: Type.Literal(EXPORT_VERSION),
    exported_at: Time,
    source: Type.Object({ provider: Type.String(), version: Type.String() }, { additionalProperties: false }),
  }),
  line('image', {
    image: Text,
    is_default: Type.Boolean(),
    cpu: Type.Optional(Type.Integer({ minimum: 1 })),
    memory: Type.Optional(Type.Integer({ minimum: 1 })),
    network: Type.Optional(Type.Literal('none')),
    max_running: Type.Optional(Type.Integer({ minimum: 1 })),
    ...optionalTexts('runtime_platform', 'task_role_name'),
  }),
  line('user', { email: Type.String(), role: Type.String(), revoked: Type.Boolean() }),
  line('secret', {
    name: Type.String(),
    key_name: Type.String(),
    description: Type.Optional(Type.String()),
    granted_to: Type.Array(Type.String()),
  }),
  line('playbook', { name: Type.String(), definition: PlaybookDefinitionSchema }),
  line('execution', { execution: ExportedRunSchema }),
  line('log', { execution_id: ExecutionId, lines: Type.Array(LogLineSchema, { minItems: 1 }) }),
  line('end', { counts: Type.Object({}, { additionalProperties: Type.Integer({ minimum: 0 }) }) }),
]);
