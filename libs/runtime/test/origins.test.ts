import { expect, test } from '@jest/globals';
import { originsIn } from '../src/origins.ts';

test('an origin is compared without trailing slashes and case, as a whole', () => {
  const allowed = originsIn(['https://Console.example.com/', 'http://localhost:5173']);
  expect(['https://console.example.com', 'http://localhost:5173'].map(allowed)).toEqual([true, true]);
  const strangers = ['https://console.example.com.evil.example', 'http://console.example.com', 'null', ''];
  expect(strangers.map(allowed)).toEqual([false, false, false, false]);
});

test('nobody is allowed where nothing is configured, everybody by a star', () => {
  expect(originsIn([])('https://a.example')).toBe(false);
  expect(originsIn(['*'])('https://a.example')).toBe(true);
});
