import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { RULED_OUT, type RunFiles, openRunFiles } from '../../src/job-runner/run-files.ts';

const of = { execution_id: 'a'.repeat(32), attempt: 1 };
const TORN = ['', '{"pid":1', '\0\0\0\0', 'null', '{}'];

let root: string;
let files: RunFiles;
let path: string;

beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), 'runvoy-files-'));
  files = openRunFiles(root);
  await files.make(of);
  path = files.directory(of);
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

describe('a file that was torn', () => {
  test.each(TORN)('is no file: %j', async (text) => {
    for (const name of ['supervisor.json', 'command.json', 'exit.json', 'ended.json', 'stop.json'] as const) {
      writeFileSync(join(path, name), text);
      expect([name, await files.read(of, name)]).toEqual([name, undefined]);
    }
  });

  test.each(TORN)('makes place for a whole one: %j', async (text) => {
    writeFileSync(join(path, 'supervisor.json'), text);
    expect(await files.settle(of, 'supervisor.json', RULED_OUT)).toEqual(RULED_OUT);
    expect(await files.read(of, 'supervisor.json')).toEqual(RULED_OUT);
    const late = { ...RULED_OUT, pid: 7 };
    expect(await files.settle(of, 'supervisor.json', late)).toEqual(RULED_OUT);
  });
});

describe('a file that cannot be written', () => {
  test('leaves nothing aside when it cannot be filled', async () => {
    const unwritable = { grace_ms: 1n as unknown as number };
    await expect(files.write(of, 'stop.json', unwritable)).rejects.toThrow(join(path, 'stop.json'));
    expect(readdirSync(path)).toEqual([]);
  });

  test('leaves nothing aside when it cannot be named', async () => {
    mkdirSync(join(path, 'stop.json', 'in the way'), { recursive: true });
    await expect(files.write(of, 'stop.json', { grace_ms: 1 })).rejects.toThrow(join(path, 'stop.json'));
    expect(readdirSync(path)).toEqual(['stop.json']);
  });
});

test('a file that cannot be read is named by the error', async () => {
  mkdirSync(join(path, 'exit.json'));
  await expect(files.read(of, 'exit.json')).rejects.toThrow(join(path, 'exit.json'));
});

describe('a directory that its command closed', () => {
  /** The superuser is let in everywhere. */
  async function asSomebody(act: () => Promise<void>): Promise<void> {
    const isRoot = process.getuid?.() === 0;
    if (isRoot) for (const each of [root, join(path, '..'), path]) chownSync(each, 65_534, 65_534);
    if (isRoot) process.seteuid?.(65_534);
    try {
      await act();
    } finally {
      if (isRoot) process.seteuid?.(0);
    }
  }

  test('is opened again', async () => {
    await asSomebody(async () => {
      await files.settle(of, 'supervisor.json', RULED_OUT);
      for (const closed of [path, join(path, '..'), join(path, 'supervisor.json')]) {
        chmodSync(closed, 0);
        expect(await files.list()).toEqual([of]);
        expect(await files.read(of, 'supervisor.json')).toEqual(RULED_OUT);
        await files.write(of, 'stop.json', { grace_ms: 1 });
      }
    });
  });
});

describe('a directory that is removed', () => {
  test('may be too deep to be named and hold symlinks to what is not ours', async () => {
    const outside = join(root, 'outside');
    mkdirSync(outside);
    writeFileSync(join(outside, 'keep'), '');
    const cwd = process.cwd();
    try {
      process.chdir(path);
      for (let depth = 0; depth < 300; depth += 1) {
        mkdirSync('d'.repeat(20));
        symlinkSync(outside, 'link');
        writeFileSync('f'.repeat(255), '');
        process.chdir('d'.repeat(20));
      }
    } finally {
      process.chdir(cwd);
    }
    await files.remove(of.execution_id);
    expect(existsSync(join(root, of.execution_id))).toBe(false);
    expect(existsSync(join(outside, 'keep'))).toBe(true);
  });
});
