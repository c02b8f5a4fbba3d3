import { LIMITS } from '@runvoy/protocol';
import { Failure } from '../failure.ts';

/** Keys by which a run is found again. They are shown to everybody who may list runs. */
export type Labels = Readonly<Record<string, string>>;

/** What a run keeps of its labels. `label_pairs` is what the store finds it by; a run without labels has neither. */
export interface StoredLabels {
  readonly labels?: Labels;
  readonly label_pairs?: readonly string[];
}

/** No `=`, so that a pair can be taken apart at the first one. */
const KEY = /^[a-z0-9][a-z0-9._/-]{0,62}$/;

/** The labels as they are stored, checked. Fails with `UNPROCESSABLE`, naming the label and the rule. */
export function newLabels(labels: Labels | undefined): StoredLabels {
  const entries = Object.entries(labels ?? {});
  if (entries.length === 0) return {};
  if (entries.length > LIMITS.labelsPerRun) {
    throw new Failure('UNPROCESSABLE', `labels has ${entries.length} entries; the limit is ${LIMITS.labelsPerRun}.`);
  }
  for (const [key, value] of entries) requireLabel(key, value);
  return { labels: Object.fromEntries(entries), label_pairs: entries.map(([key, value]) => labelPair(key, value)) };
}

/** A label as it is looked for. */
export function labelPair(key: string, value: string): string {
  return `${key}=${value}`;
}

/** Reads `key=value`. Fails with `UNPROCESSABLE` unless a run could carry it. */
export function readLabelPair(text: string): readonly [key: string, value: string] {
  const at = text.indexOf('=');
  if (at < 0) throw new Failure('UNPROCESSABLE', `label is key=value; got "${text.slice(0, 80)}".`);
  const [key, value] = [text.slice(0, at), text.slice(at + 1)];
  requireLabel(key, value);
  return [key, value];
}

function requireLabel(key: string, value: string): void {
  const shown = key.slice(0, 80);
  if (!KEY.test(key)) {
    throw new Failure(
      'UNPROCESSABLE',
      `labels: "${shown}" is no key. It begins with a small letter or digit; up to 62 small letters, digits, ".", "_", "/" and "-" follow.`,
    );
  }
  if (value.length > LIMITS.labelValueChars) {
    throw new Failure(
      'UNPROCESSABLE',
      `labels: the value of ${shown} is ${value.length} characters; the limit is ${LIMITS.labelValueChars}.`,
    );
  }
  if (/\p{Cc}/u.test(value) || !value.isWellFormed()) {
    throw new Failure('UNPROCESSABLE', `labels: the value of ${shown} holds a control character or half a character.`);
  }
}
