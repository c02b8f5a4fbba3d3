import Type from 'typebox';
import { LIMITS } from '../limits.ts';
import { NetworkSchema } from './network.ts';

/** `POST /api/v1/images/register`. */
export const RegisterImageRequestSchema = Type.Object({
  image: Type.String(),
  is_default: Type.Optional(Type.Boolean()),
  cpu: Type.Optional(Type.Integer({ minimum: 1, maximum: 65_536 })),
  memory: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_048_576 })),
  network: Type.Optional(NetworkSchema),
  max_running: Type.Optional(Type.Integer({ minimum: 0, maximum: LIMITS.runningMax })),
  runtime_platform: Type.Optional(Type.String({ maxLength: 100 })),
  task_role_name: Type.Optional(Type.String({ maxLength: 256 })),
  task_execution_role_name: Type.Optional(Type.String({ maxLength: 256 })),
});
