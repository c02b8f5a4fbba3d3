import Type from 'typebox';
import { UserSchema } from './access-answers.ts';
import { ExecutionSchema } from './executions.ts';
import { ImageSchema } from './image-answers.ts';
import { PlaybookSummarySchema } from './playbook-answers.ts';
import { SecretSchema } from './secret-answers.ts';

const EventSchema = Type.Object(
  {
    event_id: Type.String({ examples: ['audit-000000000007'] }),
    timestamp: Type.Integer({ description: 'ms since the epoch.', examples: [1_769_860_800_000] }),
    message: Type.String({ examples: ['kim@example.com secret.create github-token'] }),
  },
  { title: 'TraceEvent' },
);

/** `TraceAnswer`. */
export const TraceSchema = Type.Object(
  {
    logs: Type.Union([Type.Array(EventSchema), Type.Null()], {
      description: 'What is known of the request, oldest first; null when nothing is.',
    }),
    related_resources: Type.Object({
      executions: Type.Optional(Type.Array(ExecutionSchema)),
      secrets: Type.Optional(Type.Array(SecretSchema)),
      users: Type.Optional(Type.Array(UserSchema)),
      images: Type.Optional(Type.Array(ImageSchema)),
      playbooks: Type.Optional(Type.Array(PlaybookSummarySchema)),
    }),
  },
  { title: 'Trace' },
);
