// The name and the JSON form are those of runvoy's own web app: who was signed in there stays signed in here.
const STORAGE_KEY = 'runvoy_api_key';

/** The key this browser is signed in with. */
export function readStoredKey(storage: Storage): string | undefined {
  const stored = storage.getItem(STORAGE_KEY);
  if (stored === null) return undefined;
  try {
    const value: unknown = JSON.parse(stored);
    return typeof value === 'string' && value !== '' ? value : undefined;
  } catch {
    // Old versions stored the bare text.
    return stored.trim() || undefined;
  }
}

export function storeKey(storage: Storage, key: string): void {
  storage.setItem(STORAGE_KEY, JSON.stringify(key));
}

export function forgetKey(storage: Storage): void {
  storage.removeItem(STORAGE_KEY);
}
