import Type from 'typebox';
import { LIMITS } from '../limits.ts';
import { NetworkSchema } from './network.ts';

/** `POST /api/v1/images/register`. */
export const RegisterImageRequestSchema = Type.Object(
  {
    image: Type.String({ examples: ['alpine:latest'] }),
    is_default: Type.Optional(Type.Boolean({ description: 'Absent: only when there is no default yet.' })),
    cpu: Type.Optional(
      Type.Integer({
        minimum: 11,
        maximum: 65_536,
        description: '1024 = one cpu; engines give no less than a hundredth of one.',
      }),
    ),
    memory: Type.Optional(
      Type.Integer({ minimum: 6, maximum: 1_048_576, description: 'MiB; engines start no container in less than 6.' }),
    ),
    network: Type.Optional(NetworkSchema),
    max_running: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: LIMITS.runningMax,
        description: 'How many of its runs may be under way at once; 0 = as many as the deployment allows.',
      }),
    ),
    runtime_platform: Type.Optional(Type.String({ maxLength: 100 })),
    task_role_name: Type.Optional(Type.String({ maxLength: 256 })),
    task_execution_role_name: Type.Optional(Type.String({ maxLength: 256 })),
  },
  { title: 'RegisterImageRequest', examples: [{ image: 'alpine:latest', cpu: 256, memory: 512 }] },
);
