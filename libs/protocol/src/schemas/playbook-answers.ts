import Type from 'typebox';
import { PlaybookDefinitionSchema } from './playbooks.ts';
import { EmailSchema, MessageSchema, RequestIdSchema, TimeSchema } from './values.ts';

const NameSchema = Type.String({ examples: ['deploy'] });
const VersionSchema = Type.Integer({ minimum: 1, examples: [1] });
const NextSchema = Type.Optional(Type.String({ description: 'The `after` of the next page; absent on the last.' }));

const summary = {
  name: NameSchema,
  version: VersionSchema,
  description: Type.Optional(Type.String()),
  owned_by: Type.Array(EmailSchema),
  created_by: EmailSchema,
  created_at: TimeSchema,
  updated_by: EmailSchema,
  updated_at: TimeSchema,
  created_by_request_id: RequestIdSchema,
  modified_by_request_id: RequestIdSchema,
};

/** `PlaybookSummary`. */
export const PlaybookSummarySchema = Type.Object(summary, { title: 'PlaybookSummary' });

/** `ListPlaybooksAnswer`. */
export const PlaybookPageSchema = Type.Object(
  { playbooks: Type.Array(PlaybookSummarySchema), next: NextSchema },
  { title: 'PlaybookPage' },
);

/** `PlaybookAnswer`. */
export const PlaybookAnswerSchema = Type.Object(
  {
    playbook: Type.Object(
      { ...summary, version_by: EmailSchema, version_at: TimeSchema, definition: PlaybookDefinitionSchema },
      { title: 'Playbook', description: 'A playbook at one of its versions.' },
    ),
  },
  { title: 'PlaybookAnswer' },
);

/** `ListPlaybookVersionsAnswer`. */
export const PlaybookVersionPageSchema = Type.Object(
  {
    versions: Type.Array(
      Type.Object(
        {
          version: VersionSchema,
          description: Type.Optional(Type.String()),
          created_by: EmailSchema,
          created_at: TimeSchema,
          created_by_request_id: RequestIdSchema,
        },
        { title: 'PlaybookVersion' },
      ),
    ),
    next: NextSchema,
  },
  { title: 'PlaybookVersionPage' },
);

/** `PlaybookRemoved`. */
export const RemovedPlaybookSchema = Type.Object(
  { name: NameSchema, message: MessageSchema },
  { title: 'RemovedPlaybook' },
);
