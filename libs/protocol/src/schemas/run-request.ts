import Type from 'typebox';
import { NetworkSchema } from './network.ts';

/** `POST /api/v1/run`. Sizes are checked in core, where the answer can name the variable; unknown fields are ignored, as in runvoy. */
export const RunRequestSchema = Type.Object({
  command: Type.String(),
  image: Type.Optional(Type.String()),
  // Not a record: its pattern passes over names with a line feed, and their values unseen.
  env: Type.Optional(Type.Object({}, { additionalProperties: Type.String() })),
  timeout: Type.Optional(Type.Integer()),
  secrets: Type.Optional(Type.Array(Type.String())),
  git_repo: Type.Optional(Type.String()),
  git_ref: Type.Optional(Type.String()),
  git_path: Type.Optional(Type.String()),
  isolation: Type.Optional(
    Type.Union([Type.Literal('container'), Type.Literal('bubblewrap'), Type.Literal('process')]),
  ),
  network: Type.Optional(NetworkSchema),
  grace: Type.Optional(Type.Number()),
  labels: Type.Optional(Type.Object({}, { additionalProperties: Type.String() })),
});
