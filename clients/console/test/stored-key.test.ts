import { expect, test } from '@jest/globals';
import { forgetKey, readStoredKey, storeKey } from '../src/stored-key.ts';

function memoryStorage(): Storage {
  const kept = new Map<string, string>();
  return {
    get length() {
      return kept.size;
    },
    clear: () => kept.clear(),
    getItem: (name) => kept.get(name) ?? null,
    key: (index) => [...kept.keys()][index] ?? null,
    removeItem: (name) => void kept.delete(name),
    setItem: (name, value) => void kept.set(name, value),
  };
}

test("a key is kept as runvoy's web app keeps it: a JSON string", () => {
  const storage = memoryStorage();
  storeKey(storage, 'rvy_a"b');
  expect(storage.getItem('runvoy_api_key')).toBe('"rvy_a\\"b"');
  expect(readStoredKey(storage)).toBe('rvy_a"b');
  forgetKey(storage);
  expect(readStoredKey(storage)).toBeUndefined();
});

test('a bare key is read, other JSON is not taken for one', () => {
  const storage = memoryStorage();
  storage.setItem('runvoy_api_key', 'rvy_bare');
  expect(readStoredKey(storage)).toBe('rvy_bare');
  for (const stored of ['null', '""', '{}', '  ']) {
    storage.setItem('runvoy_api_key', stored);
    expect(readStoredKey(storage)).toBeUndefined();
  }
});
