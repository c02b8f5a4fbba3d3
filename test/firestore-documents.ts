import { emulatorHost } from '@runvoy/google-fakes';

/** The JSON form of a document. */
export interface StoredDocument {
  /** `collection/id` */
  readonly path: string;
  readonly fields: unknown;
  readonly updateTime: string;
}

/** Everything the emulator holds of a project, as it is stored, read past all of our own code. */
export async function firestoreDocuments(project: string, database = 'runvoy'): Promise<readonly StoredDocument[]> {
  const name = `projects/${project}/databases/${database}/documents`;
  const base = `http://${emulatorHost('FIRESTORE_EMULATOR_HOST')}/v1/${name}`;
  const { collectionIds = [] } = await asked<{ collectionIds?: string[] }>(`${base}:listCollectionIds`, {});
  const all: StoredDocument[] = [];
  for (const collection of collectionIds.toSorted()) {
    let pageToken = '';
    do {
      const page = await asked<Page>(`${base}/${collection}?pageSize=300&pageToken=${pageToken}`);
      for (const { name: document, fields, updateTime } of page.documents ?? []) {
        all.push({ path: document.slice(name.length + 1), fields, updateTime });
      }
      pageToken = encodeURIComponent(page.nextPageToken ?? '');
    } while (pageToken !== '');
  }
  return all;
}

interface Page {
  readonly documents?: readonly { readonly name: string; readonly fields: unknown; readonly updateTime: string }[];
  readonly nextPageToken?: string;
}

async function asked<T>(url: string, body?: object): Promise<T> {
  const answer = await fetch(url, {
    headers: { authorization: 'Bearer owner', 'content-type': 'application/json' },
    ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
  });
  if (!answer.ok) throw new Error(`The emulator answered ${answer.status}: ${await answer.text()}`);
  return (await answer.json()) as T;
}
