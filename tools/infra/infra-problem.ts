/** Something whoever runs `runvoy infra` is told in words: what was wrong, and what to do. */
export class InfraProblem extends Error {
  /** `usage`: the command line is wrong, and nothing was tried. */
  readonly kind: 'usage' | 'failed';

  constructor(
    message: string,
    { kind = 'failed', ...options }: ErrorOptions & { readonly kind?: 'usage' | 'failed' } = {},
  ) {
    super(message, options);
    this.kind = kind;
  }
}
