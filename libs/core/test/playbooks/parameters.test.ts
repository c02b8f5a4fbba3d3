import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { ParameterValue, PlaybookParameter } from '@runvoy/protocol';
import { newParameters } from '../../src/playbooks/new-parameters.ts';
import { parameterEnv } from '../../src/playbooks/parameter-env.ts';

/** A parameter and a value that fits it, with the text the run should find. */
interface Fitting {
  readonly parameter: PlaybookParameter;
  readonly value: ParameterValue;
  readonly text: string;
}

const name = fc
  .stringMatching(/^[A-Za-z][A-Za-z0-9_-]{0,20}$/)
  .filter((text) => !/^(port|k_.*|k-.*|cloud.run.*|x.google.*|runvoy.*)$/i.test(text));
const content = fc
  .string({ unit: 'grapheme', maxLength: 40 })
  .filter((text) => !text.includes('\0') && text.isWellFormed());

const fittingText: fc.Arbitrary<Fitting> = fc
  .tuple(name, content, fc.nat(5), fc.nat(5))
  .map(([of, value, less, more]) => {
    const { length } = Array.from(value);
    return {
      parameter: { name: of, type: 'string', min_length: Math.max(0, length - less), max_length: length + more },
      value,
      text: value,
    };
  });
const fittingWhole: fc.Arbitrary<Fitting> = fc
  .tuple(name, fc.maxSafeInteger(), fc.nat(9), fc.nat(9), fc.boolean())
  .map(([of, value, less, more, asText]) => ({
    parameter: { name: of, type: 'integer', minimum: value - less, maximum: value + more },
    value: asText ? String(value) : value,
    text: String(value + 0),
  }));
const fittingNumber: fc.Arbitrary<Fitting> = fc
  .tuple(name, fc.double({ noNaN: true, noDefaultInfinity: true }), fc.boolean())
  .map(([of, value, asText]) => ({
    parameter: { name: of, type: 'number', minimum: value, maximum: value },
    value: asText ? String(value) : value,
    text: String(value + 0),
  }));
const fittingBoolean: fc.Arbitrary<Fitting> = fc.tuple(name, fc.boolean(), fc.boolean()).map(([of, value, asText]) => ({
  parameter: { name: of, type: 'boolean' },
  value: asText ? String(value) : value,
  text: String(value),
}));
const fittingChoice: fc.Arbitrary<Fitting> = fc
  .tuple(name, fc.uniqueArray(content, { minLength: 1, maxLength: 5 }), fc.nat())
  .map(([of, choices, at]) => {
    const value = choices[at % choices.length]!;
    return { parameter: { name: of, type: 'choice', choices }, value, text: value };
  });
const fitting = fc.oneof(fittingText, fittingWhole, fittingNumber, fittingBoolean, fittingChoice);

/** Values that no parameter of the type takes, whatever its bounds. */
const MISFITS: Readonly<Record<PlaybookParameter['type'], readonly ParameterValue[]>> = {
  string: [1, true, 'a\0b', '\ud800'],
  integer: ['', ' 1', '1.5', '1e3', '0x10', '١', 1.5, Number.MAX_SAFE_INTEGER + 1, '9007199254740993', true, '--1'],
  number: ['', 'Infinity', 'NaN', '1,5', '1e999', '0x10', '.5', true, '1_000'],
  boolean: ['yes', 'TRUE', '1', 1, 0, ''],
  choice: ['c', 1, true, ''],
};

describe('the values of parameters', () => {
  test('that fit reach the variable as they are, and nothing else does', async () => {
    await fc.assert(
      fc.asyncProperty(fitting, async ({ parameter, value, text }) => {
        const parameters = await newParameters([parameter]);
        expect(await parameterEnv(parameters, { [parameter.name]: value })).toEqual({
          [parameters[0]!.variable]: text,
        });
      }),
    );
  });

  test('that fit may be the default, and a value given wins over it', async () => {
    await fc.assert(
      fc.asyncProperty(fitting, fitting, async (standing, other) => {
        const parameter = { ...standing.parameter, default: standing.value, variable: 'VALUE' };
        const parameters = await newParameters([parameter]);
        expect(await parameterEnv(parameters, {})).toEqual({ VALUE: standing.text });
        if (other.parameter.type !== 'string' || parameter.type !== 'string') return;
        const { min_length: _, max_length: __, ...open } = parameter;
        const opened = await newParameters([open]);
        expect(await parameterEnv(opened, { [parameter.name]: other.value })).toEqual({ VALUE: other.text });
      }),
    );
  });

  const misfits = Object.entries(MISFITS).flatMap(([type, values]) =>
    values.map((value) => [type as PlaybookParameter['type'], value] as const),
  );
  test.each(misfits)('of type %s are not %p: refused, and the parameter is named', async (type, value) => {
    const parameter = { name: 'size', type, ...(type === 'choice' ? { choices: ['a', 'b'] } : {}) };
    const parameters = await newParameters([parameter]);
    const refused = parameterEnv(parameters, { size: value });
    await expect(refused).rejects.toMatchObject({ code: 'UNPROCESSABLE' });
    await expect(refused).rejects.toThrow(/parameter size/);
  });

  test('beyond a bound are refused with the parameter and the bound, and never repeated', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer(), fc.integer({ min: 1, max: 1_000 }), fc.boolean(), async (bound, by, isBelow) => {
        const [parameter] = await newParameters([
          { name: 'size', type: 'integer', ...(isBelow ? { minimum: bound } : { maximum: bound }) },
        ]);
        const refused = parameterEnv([parameter!], { size: isBelow ? bound - by : bound + by });
        await expect(refused).rejects.toThrow(
          `parameter size has to be a whole number of at ${isBelow ? 'least' : 'most'} ${bound}.`,
        );
      }),
    );
    const [long] = await newParameters([{ name: 'word', type: 'string', max_length: 3, pattern: '[a-z]+' }]);
    await expect(parameterEnv([long!], { word: 'hunter2' })).rejects.toThrow(/^(?!.*hunter2).*at most 3 characters/);
    await expect(parameterEnv([long!], { word: 'A!' })).rejects.toThrow(/^(?!.*A!).*matches \[a-z\]\+/);
  });

  test('are as long as their characters, not as their halves', async () => {
    const [word] = await newParameters([{ name: 'word', type: 'string', min_length: 2, max_length: 2 }]);
    expect(await parameterEnv([word!], { word: '😀😀' })).toEqual({ WORD: '😀😀' });
  });

  test('match a pattern as a whole', async () => {
    const [tag] = await newParameters([{ name: 'tag', type: 'string', pattern: 'v\\d+|latest' }]);
    expect(await parameterEnv([tag!], { tag: 'v12' })).toEqual({ TAG: 'v12' });
    for (const value of ['v', 'xv1', 'v1;rm', 'latest\n']) {
      await expect(parameterEnv([tag!], { tag: value })).rejects.toThrow('parameter tag');
    }
  });

  test('are matched in time that grows with them, also by a pattern that would take others years', async () => {
    const [word] = await newParameters([{ name: 'word', type: 'string', pattern: '(a+)+$' }]);
    await expect(parameterEnv([word!], { word: `${'a'.repeat(20_000)}!` })).rejects.toThrow('parameter word');
  });

  test('that nobody asked for are refused, and what there is, is named', async () => {
    const parameters = await newParameters([{ name: 'a', type: 'string' }]);
    await expect(parameterEnv(parameters, { b: '1' })).rejects.toThrow('There is no parameter b; there are: a.');
    await expect(parameterEnv(parameters, { toString: '1' })).rejects.toThrow('There is no parameter toString');
    await expect(parameterEnv([], { b: '1' })).rejects.toThrow('there are: none');
  });

  test('that are required are missed by name; others leave their variable unset', async () => {
    const parameters = await newParameters([
      { name: 'target', type: 'string', required: true },
      { name: 'dry-run', type: 'boolean' },
    ]);
    await expect(parameterEnv(parameters, {})).rejects.toThrow('parameter target is required.');
    expect(await parameterEnv(parameters, { target: '' })).toEqual({ TARGET: '' });
    expect(await parameterEnv(parameters, { target: 'x', 'dry-run': true })).toEqual({ TARGET: 'x', DRY_RUN: 'true' });
  });

  test('that no variable can hold are refused with the limit', async () => {
    const [word] = await newParameters([{ name: 'word', type: 'string' }]);
    const refused = parameterEnv([word!], { word: 'x'.repeat(32_769) });
    await expect(refused).rejects.toMatchObject({ code: 'PAYLOAD_TOO_LARGE' });
    await expect(refused).rejects.toThrow('parameter word: env: the value of WORD is 32769 bytes');
  });
});

describe('a parameter is refused, by name, with', () => {
  test.each<[string, Omit<PlaybookParameter, 'name'>, string]>([
    ['a bound of another type', { type: 'boolean', minimum: 1 }, 'minimum is nothing that a boolean has'],
    ['a pattern on a number', { type: 'integer', pattern: 'a' }, 'pattern is nothing that a integer has'],
    ['bounds that cross', { type: 'number', minimum: 2, maximum: 1 }, 'minimum is above maximum: nothing fits'],
    ['lengths that cross', { type: 'string', min_length: 2, max_length: 1 }, 'min_length is above max_length'],
    ['a most below nothing', { type: 'string', max_length: -1 }, 'min_length is above max_length'],
    ['a length below nothing', { type: 'string', min_length: -1 }, 'min_length is 0 or more'],
    ['a pattern that is none', { type: 'string', pattern: '(' }, 'pattern is no RE2 expression'],
    ['a pattern that looks back', { type: 'string', pattern: '(a)\\1' }, 'pattern is no RE2 expression'],
    ['a pattern beyond its limit', { type: 'string', pattern: 'a'.repeat(501) }, 'pattern is 501 characters'],
    ['no choices', { type: 'choice' }, 'a choice needs choices'],
    ['one choice twice', { type: 'choice', choices: ['a', 'a'] }, 'it has one choice twice'],
    ['a default that does not fit', { type: 'integer', default: 'x' }, 'its default does not fit'],
    ['a default below its minimum', { type: 'integer', default: 1, minimum: 2 }, 'of at least 2'],
    [
      'a default and "required"',
      { type: 'string', default: 'x', required: true },
      'what has a default is never missing',
    ],
    ['a variable no shell reads', { type: 'string', variable: 'A-B' }, 'is no variable that a shell can read'],
    ['a default of what looks secret', { type: 'string', variable: 'API_TOKEN', default: 'x' }, 'looks like a secret'],
  ])('%s', async (_, rest, words) => {
    const refused = newParameters([{ name: 'size', ...rest }]);
    await expect(refused).rejects.toMatchObject({ code: 'UNPROCESSABLE' });
    await expect(refused).rejects.toThrow(words);
    await expect(refused).rejects.toThrow('size');
  });

  test('a name that is none, a name given twice, or a variable that another has', async () => {
    const text = (of: string) => ({ name: of, type: 'string' as const });
    await expect(newParameters([text('1a')])).rejects.toThrow('"1a" is no name');
    await expect(newParameters([text('a'), text('a')])).rejects.toThrow('parameter a: there are two');
    await expect(newParameters([text('a-b'), text('a_b')])).rejects.toThrow('A_B is the variable of a-b already');
    await expect(newParameters([text('port')])).rejects.toThrow('parameter port: PORT is set by the platform');
    await expect(newParameters([text('path')])).rejects.toThrow('parameter path: PATH is what a shell itself goes by');
    await expect(newParameters(Array.from({ length: 51 }, (_, i) => text(`p${i}`)))).rejects.toThrow('there are 51');
  });
});
