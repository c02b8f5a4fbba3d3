import fc from 'fast-check';

const FIRST_SURROGATE = 0xd800;
const SURROGATES = 0x800;
const LAST = 0x10ffff - SURROGATES;

/**
 * Any character of Unicode, as fast-check's unit `binary` has them and by the same draws. To know which draw makes a character that one
 * writes down all 1.1 million of them, a second in each test file.
 */
export const anyCharacter: fc.Arbitrary<string> = fc.nat({ max: LAST }).map(
  (index) => String.fromCodePoint(index < FIRST_SURROGATE ? index : index + SURROGATES),
  (character) => {
    const code = typeof character === 'string' ? character.codePointAt(0) : undefined;
    const isOne = code !== undefined && String.fromCodePoint(code) === character;
    if (!isOne || (code >= FIRST_SURROGATE && code < FIRST_SURROGATE + SURROGATES)) throw new Error('no character');
    return code < FIRST_SURROGATE ? code : code - SURROGATES;
  },
);
