import Type from 'typebox';
import { NetworkSchema } from './network.ts';

const Texts = Type.Object({}, { additionalProperties: Type.String() });
const Value = Type.Union([Type.String(), Type.Number(), Type.Boolean()]);

/** A parameter of a playbook. What fits its type is checked in core, where the answer can name the parameter. */
export const PlaybookParameterSchema = Type.Object(
  {
    name: Type.String({ examples: ['target'] }),
    type: Type.Enum(['string', 'integer', 'number', 'boolean', 'choice']),
    description: Type.Optional(Type.String()),
    variable: Type.Optional(Type.String()),
    required: Type.Optional(Type.Boolean()),
    default: Type.Optional(Value),
    pattern: Type.Optional(Type.String()),
    min_length: Type.Optional(Type.Integer()),
    max_length: Type.Optional(Type.Integer()),
    minimum: Type.Optional(Type.Number()),
    maximum: Type.Optional(Type.Number()),
    choices: Type.Optional(Type.Array(Type.String())),
  },
  { title: 'PlaybookParameter' },
);

const definition = {
  description: Type.Optional(Type.String()),
  commands: Type.Array(Type.String(), { examples: [['echo "$TARGET"']] }),
  image: Type.Optional(Type.String()),
  env: Type.Optional(Texts),
  secrets: Type.Optional(Type.Array(Type.String())),
  git_repo: Type.Optional(Type.String()),
  git_ref: Type.Optional(Type.String()),
  git_path: Type.Optional(Type.String()),
  timeout: Type.Optional(Type.Integer()),
  grace: Type.Optional(Type.Number()),
  network: Type.Optional(NetworkSchema),
  labels: Type.Optional(Texts),
  parameters: Type.Optional(Type.Array(PlaybookParameterSchema)),
};

/** `PlaybookDefinition`, as answers have it. */
export const PlaybookDefinitionSchema = Type.Object(definition, { title: 'PlaybookDefinition' });

/** `POST /api/v1/playbooks`. */
export const CreatePlaybookRequestSchema = Type.Object({
  name: Type.String({ examples: ['deploy'] }),
  ...definition,
});

/** `PUT /api/v1/playbooks/{name}`. */
export const ChangePlaybookRequestSchema = Type.Object(definition);

/** `POST /api/v1/playbooks/{name}/run`. */
export const RunPlaybookRequestSchema = Type.Object({
  version: Type.Optional(Type.Integer()),
  parameters: Type.Optional(Type.Object({}, { additionalProperties: Value })),
  image: Type.Optional(Type.String()),
  env: Type.Optional(Texts),
  secrets: Type.Optional(Type.Array(Type.String())),
  git_repo: Type.Optional(Type.String()),
  git_ref: Type.Optional(Type.String()),
  git_path: Type.Optional(Type.String()),
  timeout: Type.Optional(Type.Integer()),
  grace: Type.Optional(Type.Number()),
  network: Type.Optional(NetworkSchema),
  isolation: Type.Optional(Type.Enum(['container', 'bubblewrap', 'process'])),
  labels: Type.Optional(Texts),
});
