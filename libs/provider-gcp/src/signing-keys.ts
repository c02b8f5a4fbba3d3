import type { SigningKey, SigningKeys } from '@runvoy/core';

const FORM = /^([a-z0-9-]{1,32}):((?:[0-9a-f]{2}){32,64})$/;

/** The text is no pair of signing keys; the message says what is expected and never repeats what was given. */
export class SigningKeyProblem extends Error {}

/**
 * Reads `RUNVOY_SIGNING_KEY`: `<id>:<64 to 128 hex characters>`, behind a comma the previous key in the same form, which still
 * verifies. Throws `SigningKeyProblem`.
 */
export function readSigningKeys(text: string): SigningKeys {
  const parts = text.split(',').map((part) => readKey(part.trim()));
  const [current, previous] = parts;
  if (!current || parts.length > 2) {
    throw new SigningKeyProblem('RUNVOY_SIGNING_KEY holds the current key and at most one previous key.');
  }
  if (current.id === previous?.id) {
    throw new SigningKeyProblem(
      `RUNVOY_SIGNING_KEY names two keys "${current.id}"; give the new one an id of its own.`,
    );
  }
  return { current, ...(previous === undefined ? {} : { previous }) };
}

function readKey(part: string): SigningKey {
  const match = FORM.exec(part);
  if (!match) {
    throw new SigningKeyProblem(
      'RUNVOY_SIGNING_KEY must be "<id>:<64 to 128 hex characters>", for example "k1:$(openssl rand -hex 32)"; a previous key may follow a comma.',
    );
  }
  return { id: match[1]!, secret: Buffer.from(match[2]!, 'hex') };
}
