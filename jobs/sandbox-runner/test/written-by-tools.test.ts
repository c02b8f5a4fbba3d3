import { spawnSync } from 'node:child_process';
import { expect, test } from '@jest/globals';
import { openSecretMask } from '../src/masker.ts';
import { readings } from './read-back.ts';

/** Characters that every tool treats in its own way, and long enough for each to break it into lines. */
const VALUE = `it's "p4ss", <w>&%/+$HOME \`id\` \\ ~#! é€ of someone who likes ${'long passwords, '.repeat(5)}really`;
/** What the tools are given: the value, not at the beginning of a group of three bytes, and something behind it. */
const FILE = `key=${VALUE}\nend`;

/** In which ways the value can be read in what a command prints, before it is masked and after. */
function readable(command: string, locale = 'C.UTF-8') {
  const { stdout, stderr, status } = spawnSync('bash', ['-c', command], {
    input: FILE,
    env: { PATH: process.env['PATH'] ?? '', LC_ALL: locale, VALUE },
    timeout: 20_000,
  });
  const written = Buffer.concat([stdout, stderr]);
  const stream = openSecretMask({ VALUE }).openStream();
  const shown = Buffer.concat([stream.push(written), stream.end()]).toString();
  return {
    status,
    written: readings(written.toString(), VALUE),
    shown: readings(shown, VALUE),
    isMasked: shown.includes('***'),
  };
}

const hasTool = (tool: string) => spawnSync('bash', ['-c', `command -v ${tool}`]).status === 0;
const PYTHON = `python3 -c 'import base64, html, json, os, sys, urllib.parse as u; v = os.environ["VALUE"]; print(`;

const COMMANDS: readonly (readonly [tool: string, command: string])[] = [
  ['base64', 'base64'],
  ['base64', 'base64 -w8'],
  ['base64', 'base64 -w0'],
  ['base64', 'echo $(base64 -w20)'],
  ['base64', 'base64 | sed "s/^/    /"'],
  ['od', 'od -An -v -tx1'],
  ['xxd', 'xxd -p'],
  ['xxd', 'xxd -i'],
  ['openssl', 'openssl base64'],
  ['bash', 'printf "%q" "$VALUE"'],
  ['bash', 'echo "${VALUE@Q}"'],
  ['bash', 'declare -p VALUE'],
  ['bash', 'set -x; : "$VALUE"'],
  ['dash', `dash -xc ': "$VALUE"'`],
  ['jq', 'jq -n env.VALUE'],
  ['jq', 'jq -na env.VALUE'],
  ['jq', `jq -n 'env.VALUE | @json'`],
  ['jq', `jq -nr 'env.VALUE | @html, @uri, @base64'`],
  ['jq', `jq -nr 'env.VALUE | @sh'`],
  ['python3', `${PYTHON}json.dumps(v), json.dumps(json.dumps(v)), repr(v), ascii(v), v.encode(), sep="\\n")'`],
  [
    'python3',
    `${PYTHON}html.escape(v), html.escape(v, False), u.quote(v), u.quote_plus(v), u.quote(u.quote(v, safe="")))'`,
  ],
  ['python3', `${PYTHON}base64.encodebytes(v.encode()).decode(), v.encode().hex(":"))'`],
];

for (const tool of new Set(COMMANDS.map(([name]) => name))) {
  const commands = COMMANDS.filter(([name]) => name === tool).map(([, command]) => command);
  // Nothing of runvoy needs them: a machine may have them or not.
  if (hasTool(tool)) {
    test.each(commands)('a secret is masked as real tools write it: %s', (command) => {
      const { written, ...seen } = readable(command);
      expect(written).not.toEqual([]);
      expect(seen).toEqual({ status: 0, shown: [], isMasked: true });
    });
  } else {
    test.skip(`a secret is masked as ${tool} writes it — skipped: there is no ${tool} here`, () => undefined);
  }
}

test.each(['printf "%q" "$VALUE"', 'declare -p VALUE'])(
  'a secret is masked as bash writes it in ASCII: %s',
  (command) => {
    const { written, ...seen } = readable(command, 'C');
    expect(written).not.toEqual([]);
    expect(seen).toEqual({ status: 0, shown: [], isMasked: true });
  },
);
