/** A message of Google's whose form is not known yet. */
export type Message = Readonly<Record<string, unknown>>;

export function isMessage(value: unknown): value is Message {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The messages of a list; none when it is no list. */
export function messages(value: unknown): readonly Message[] {
  return Array.isArray(value) ? value.filter(isMessage) : [];
}

/** A text; empty when it is none. */
export function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
