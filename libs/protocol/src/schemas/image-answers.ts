import Type from 'typebox';
import { NetworkSchema } from './network.ts';
import { EmailSchema, MessageSchema, RequestIdSchema, TimeSchema } from './values.ts';

/** `ImageBody`. */
export const ImageSchema = Type.Object(
  {
    image_id: Type.String({ examples: ['alpine:latest-c5c74c0e'] }),
    image: Type.String({ examples: ['alpine:latest'] }),
    is_default: Type.Boolean(),
    cpu: Type.Integer({ description: '1024 = one cpu.', examples: [256] }),
    memory: Type.Integer({ description: 'MiB.', examples: [512] }),
    network: NetworkSchema,
    max_running: Type.Optional(Type.Integer({ description: 'How many of its runs may be under way at once.' })),
    runtime_platform: Type.String({ examples: ['Linux/X86_64'] }),
    image_registry: Type.Optional(Type.String()),
    image_name: Type.Optional(Type.String({ examples: ['alpine'] })),
    image_tag: Type.Optional(Type.String({ examples: ['latest'] })),
    task_role_name: Type.Optional(Type.String()),
    task_execution_role_name: Type.Optional(Type.String()),
    created_by: Type.Optional(EmailSchema),
    owned_by: Type.Array(EmailSchema),
    created_at: TimeSchema,
    created_by_request_id: RequestIdSchema,
    modified_by_request_id: RequestIdSchema,
  },
  { title: 'Image' },
);

/** `ListImagesAnswer`. */
export const ImageListSchema = Type.Object({ images: Type.Array(ImageSchema) }, { title: 'ImageList' });

/** `ImageAnswer`. */
export const ImageMessageSchema = Type.Object(
  { image: Type.String({ description: 'As it was sent.', examples: ['alpine:latest'] }), message: MessageSchema },
  { title: 'ImageMessage' },
);
