/** Something a person is told in one line; never a stack. */
export class Problem extends Error {
  /** `usage`: the command line is wrong, nothing was tried. */
  readonly kind: 'usage' | 'failed';

  constructor(message: string, options: ErrorOptions & { readonly kind?: 'usage' | 'failed' } = {}) {
    super(message, options);
    this.name = 'Problem';
    this.kind = options.kind ?? 'failed';
  }
}

/** The command line is wrong. */
export function usageProblem(message: string): Problem {
  return new Problem(message, { kind: 'usage' });
}
