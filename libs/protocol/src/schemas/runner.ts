import Type from 'typebox';
import { LIMITS } from '../limits.ts';

const Hex64 = Type.String({ pattern: '^[0-9a-f]{64}$' });
const Ms = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER });
const Seq = Type.Integer({ minimum: 1, maximum: 999_999_999_999 });

const signed = { expires_at: Ms, key_id: Type.String({ maxLength: 64 }), mac: Hex64 };

const StopProgressSchema = Type.Object({ signalled_ms: Type.Optional(Ms), killed_ms: Type.Optional(Ms) });

export const BootstrapRequestSchema = Type.Object({
  token: Type.String({ minLength: 1, maxLength: 256 }),
  attempt: Type.Integer({ minimum: 1, maximum: 1_000 }),
  nonce: Type.String({ pattern: '^[0-9a-f]{32}$' }),
  platform_execution: Type.Optional(Type.String({ maxLength: 512 })),
  runner_version: Type.String({ maxLength: 64 }),
});

/** A line's fields are closed: what is not covered by the MAC may not be stored. */
export const LogLineSchema = Type.Object(
  {
    seq: Seq,
    stream: Type.Union([Type.Literal('stdout'), Type.Literal('stderr'), Type.Literal('system')]),
    ms: Ms,
    text: Type.String({ maxLength: LIMITS.batchBytes, pattern: '^[^\\n]*$' }),
    partial: Type.Optional(Type.Literal(true)),
  },
  { additionalProperties: false },
);

export const LogsMessageSchema = Type.Object({
  from: Seq,
  lines: Type.Array(LogLineSchema, { minItems: 1 }),
  ...signed,
});

export const HeartbeatMessageSchema = Type.Object({
  acked_through: Type.Integer({ minimum: 0 }),
  preparing: Type.Optional(
    Type.Union([Type.Literal('git_clone'), Type.Literal('image_pull'), Type.Literal('isolation')]),
  ),
  output_wait: Type.Optional(Type.Union([Type.Literal('log_delivery'), Type.Literal('log_disk')])),
  stop_progress: Type.Optional(StopProgressSchema),
  ...signed,
});

export const FinishedMessageSchema = Type.Object({
  cause: Type.Union([
    Type.Literal('exited'),
    Type.Literal('stop'),
    Type.Literal('timeout'),
    Type.Literal('output_limit'),
    Type.Literal('terminated'),
  ]),
  exit_code: Type.Optional(Type.Integer({ minimum: 0, maximum: 255 })),
  signal: Type.Optional(Type.String({ maxLength: 16 })),
  reason: Type.Optional(Type.String({ maxLength: 64 })),
  details: Type.Optional(Type.String({ maxLength: 500 })),
  started_at: Ms,
  ended_at: Ms,
  lines: Type.Integer({ minimum: 0 }),
  bytes: Type.Integer({ minimum: 0 }),
  sha256: Hex64,
  maskings: Type.Integer({ minimum: 0 }),
  unmasked: Type.Optional(
    Type.Array(Type.String({ maxLength: LIMITS.envNameBytes }), { maxItems: LIMITS.unmaskedNames }),
  ),
  stop_progress: Type.Optional(StopProgressSchema),
  ...signed,
});
