import Type from 'typebox';

/** `POST /api/v1/run`. Sizes are checked in core, where the answer can name the variable; unknown fields are ignored, as in runvoy. */
export const RunRequestSchema = Type.Object({
  command: Type.String(),
  image: Type.Optional(Type.String()),
  env: Type.Optional(Type.Record(Type.String(), Type.String())),
  timeout: Type.Optional(Type.Integer()),
  secrets: Type.Optional(Type.Array(Type.String(), { maxItems: 100 })),
  git_repo: Type.Optional(Type.String()),
  git_ref: Type.Optional(Type.String()),
  git_path: Type.Optional(Type.String()),
  isolation: Type.Optional(
    Type.Union([Type.Literal('container'), Type.Literal('bubblewrap'), Type.Literal('process')]),
  ),
  grace: Type.Optional(Type.Number()),
});
