import { openRestDoor, type RestDoor } from './rest-door.ts';

interface KeptDocument {
  readonly name: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

interface Request {
  readonly writes?: readonly { readonly update: KeptDocument; readonly currentDocument?: { exists?: boolean } }[];
  readonly documents?: readonly string[];
  readonly mask?: { readonly fieldPaths: readonly string[] };
}

/** What Firestore was asked by one request, and how long request and answer were, headers apart. */
export interface AskedOfStore {
  readonly call: string;
  readonly requestBytes: number;
  readonly answerBytes: number;
}

export type KeptDocuments = RestDoor<AskedOfStore>;

const UPDATED = '2026-01-01T00:00:00.000001Z';

/** A server at Firestore's REST doors that keeps documents by their names: it creates them and reads them, and counts what it is asked. */
export async function keptDocuments(): Promise<KeptDocuments> {
  const documents = new Map<string, KeptDocument>();
  const asked: AskedOfStore[] = [];

  const answer = (call: string, { writes = [], documents: names = [], mask }: Request) => {
    if (call === 'batchGet') return { status: 200, body: names.map((name) => found(name, mask?.fieldPaths)) };
    if (call !== 'commit') return { status: 501, body: { error: { status: 'UNIMPLEMENTED' } } };
    const isTaken = writes.some(
      ({ update, currentDocument }) => currentDocument?.exists === false && documents.has(update.name),
    );
    if (isTaken) return { status: 409, body: { error: { status: 'ALREADY_EXISTS', message: 'taken' } } };
    for (const { update } of writes) documents.set(update.name, update);
    return { status: 200, body: { writeResults: writes.map(() => ({})), commitTime: UPDATED } };
  };
  const found = (name: string, fields: readonly string[] | undefined) => {
    const kept = documents.get(name);
    if (!kept) return { missing: name };
    const named = Object.entries(kept.fields).filter(([field]) => fields?.includes(field) ?? true);
    return { found: { name, fields: Object.fromEntries(named), updateTime: UPDATED } };
  };

  return openRestDoor(asked, ({ method, text }, response) => {
    const { status, body } = answer(method, JSON.parse(text) as Request);
    const answered = JSON.stringify(body);
    asked.push({ call: method, requestBytes: text.length, answerBytes: answered.length });
    response.writeHead(status, { 'content-type': 'application/json' }).end(answered);
  });
}
