import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { checkJsonShape } from '../src/json-shape.ts';

describe('the shape of a JSON body', () => {
  test.each([
    ['{"a":1,"a":2}', '"a"'],
    ['{"a":1,"b":[{"c":1},{"d":{"e":1,"e":1}}]}', '"e"'],
    ['{"a":1,"\\u0061":2}', '"a"'],
    ['{ "a" : "x" , "a" : "x" }', '"a"'],
    ['{"__proto__":1,"__proto__":2}', '"__proto__"'],
    ['{"a\\"":{},"b":",","a\\"":[]}', '"a\\""'],
  ])('is refused for a name given twice in one object: %s', (text, name) => {
    expect(() => checkJsonShape(text)).toThrow(`names ${name} more than once`);
  });

  test.each(['{"a":{"a":1},"b":{"a":["a","a"]}}', '[{"a":1},{"a":1}]', '{"a":"\\"a\\":","b":"{\\"a\\":1,\\"a\\":2}"}'])(
    'is accepted where a name returns in another object, in a list or within a string: %s',
    (text) => expect(() => checkJsonShape(text)).not.toThrow(),
  );

  test.each(['{"a":"\\ud800"}', '{"\\udc00":1}', '["x","\\\\\\ud800"]'])(
    'is refused for half a surrogate pair: %s',
    (text) => expect(() => checkJsonShape(text)).toThrow('half a surrogate pair'),
  );

  test('is accepted with a whole pair, and with a backslash that only looks like an escape', () => {
    expect(() => checkJsonShape('{"a":"\\ud83d\\ude00","b":"\\\\ud800"}')).not.toThrow();
  });

  test('is refused beyond 32 levels, and a hundred thousand cost no stack', () => {
    expect(() => checkJsonShape('['.repeat(32) + ']'.repeat(32))).not.toThrow();
    for (const depth of [33, 100_000]) {
      expect(() => checkJsonShape('['.repeat(depth) + ']'.repeat(depth))).toThrow('deeper than 32');
    }
  });

  test('of whatever JSON.stringify writes is accepted', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 5, stringUnit: 'binary' }), (value) => {
        expect(() => checkJsonShape(JSON.stringify(value, null, 1))).not.toThrow();
      }),
    );
  });
});
