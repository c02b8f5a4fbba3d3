import Type from 'typebox';
import { NetworkSchema } from './network.ts';

/** `POST /api/v1/run`. Sizes are checked in core, where the answer can name the variable; unknown fields are ignored, as in runvoy. */
export const RunRequestSchema = Type.Object(
  {
    command: Type.String({ description: 'Run by a shell, from a script file.', examples: ['make test'] }),
    image: Type.Optional(Type.String({ description: 'Image or image id; the default image unless given.' })),
    // Not a record: its pattern passes over names with a line feed, and their values unseen.
    env: Type.Optional(
      Type.Object({}, { additionalProperties: Type.String(), description: 'Stored sealed, and destroyed at the end.' }),
    ),
    timeout: Type.Optional(
      Type.Integer({ description: "Seconds it may take; 0 or absent = the deployment's default." }),
    ),
    secrets: Type.Optional(Type.Array(Type.String(), { description: 'Names of secrets it is given as variables.' })),
    git_repo: Type.Optional(Type.String({ description: 'Cloned before the command starts.' })),
    git_ref: Type.Optional(Type.String({ description: '`main` unless given.' })),
    git_path: Type.Optional(Type.String({ description: 'The folder of the clone that the command starts in.' })),
    isolation: Type.Optional(
      Type.Union([Type.Literal('container'), Type.Literal('bubblewrap'), Type.Literal('process')]),
    ),
    network: Type.Optional(NetworkSchema),
    grace: Type.Optional(
      Type.Number({ description: 'Seconds between SIGTERM and SIGKILL when it is stopped or times out.' }),
    ),
    labels: Type.Optional(
      Type.Object({}, { additionalProperties: Type.String(), description: 'What lists can be filtered by.' }),
    ),
  },
  {
    title: 'RunRequest',
    examples: [{ command: 'make test', image: 'alpine:latest', env: { CI: 'true' }, timeout: 600 }],
  },
);
