import { randomBytes } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { openAudit } from '../../src/audit/audit.ts';
import { listAudit } from '../../src/audit/read-audit.ts';
import { executionRef } from '../../src/executions/execution.ts';
import { openRunInput, runInputRef } from '../../src/executions/run-input.ts';
import { submitRun } from '../../src/executions/submit-run.ts';
import { Failure } from '../../src/failure.ts';
import { envelopeVault, sealedWith, type DataKey } from '../../src/secrets/envelope.ts';
import { reseal } from '../../src/secrets/reseal.ts';
import { resealNow, rotateSealingKey, sealingKeyUse } from '../../src/secrets/sealing-key.ts';
import { secretRef } from '../../src/secrets/secret.ts';
import { createSecret, readSecret, updateSecret } from '../../src/secrets/secrets.ts';
import type { Records } from '../../src/records/records.ts';
import { callerOf, RunWorld } from '../run-world.ts';

const ADMIN = { caller: callerOf('admin'), requestId: 'r' };
const NAMES = Array.from({ length: 12 }, (_, nth) => `secret-${nth}`);

/** Keys in memory, as every process of a deployment sees them; `known` may lag behind. */
function openKeys() {
  const all: DataKey[] = [];
  const add = async () => {
    const key = { id: String(all.length + 1), key: randomBytes(32) };
    all.push(key);
    return key;
  };
  const vaultThatKnows = (known: () => number) =>
    envelopeVault({
      current: async () => all[known() - 1]!,
      find: async (id) => all[Number(id) - 1]?.key,
      isOlder: async (id) => Number(id) < known(),
      add,
      place: 'the test',
    });
  return { all, add, vault: vaultThatKnows(() => all.length), vaultThatKnows };
}

async function openWorld() {
  const world = await RunWorld.open();
  const keys = openKeys();
  await keys.add();
  const { records, clock } = world;
  const deps = { records, clock, vault: keys.vault };
  for (const name of NAMES) {
    await createSecret(deps, { name, key_name: 'TOKEN', value: `value of ${name}` }, ADMIN);
  }
  const noticed: string[] = [];
  const keyOf = async (name: string) => sealedWith((await records.get(secretRef(name)))!.value.sealed);
  return {
    world,
    keys,
    deps,
    noticed,
    keyOf,
    pass: (more: Partial<typeof deps> = {}) =>
      reseal({ ...deps, ...more }, Infinity, (_, about) => void noticed.push(about)),
    /** Every value, as somebody reads it. */
    values: async () => {
      const values: string[] = [];
      for (const name of NAMES) values.push((await readSecret(deps, name, ADMIN)).value);
      return values;
    },
  };
}

const VALUES = NAMES.map((name) => `value of ${name}`);

describe('a new sealing key', () => {
  test('seals from then on, and what older ones sealed is sealed anew, with nothing else of it changed', async () => {
    const { deps, keys, keyOf, values, pass } = await openWorld();
    const before = await deps.records.get(secretRef(NAMES[0]!));
    const answer = await rotateSealingKey(deps, ADMIN, () => undefined);
    expect(answer).toEqual({ key_id: '2', resealed: NAMES.length, remaining: 0, closed: [] });
    const after = await deps.records.get(secretRef(NAMES[0]!));
    expect({ ...after!.value, sealed: 0 }).toEqual({ ...before!.value, sealed: 0 });
    expect(await Promise.all(NAMES.map(keyOf))).toEqual(NAMES.map(() => '2'));
    expect(await values()).toEqual(VALUES);
    // Once more finds nothing to do, and writes nothing.
    const writes = deps.records.writes.length;
    expect(await pass()).toEqual({ resealed: 0, remaining: 0, closed: [] });
    expect(deps.records.writes.slice(writes)).toEqual([]);
    // Whoever lost the old key loses nothing now.
    keys.all[0] = { id: '1', key: randomBytes(32) };
    expect(await values()).toEqual(VALUES);
  });

  test('is asked for by an admin alone, and that is recorded under the key it replaces', async () => {
    const { deps } = await openWorld();
    for (const role of ['operator', 'developer', 'viewer'] as const) {
      const by = { caller: callerOf(role), requestId: 'r' };
      const refused = { code: 'FORBIDDEN', message: expect.stringContaining('"sealing-key.manage"') };
      await expect(rotateSealingKey(deps, by, () => undefined)).rejects.toMatchObject(refused);
      await expect(resealNow(deps, by, () => undefined)).rejects.toMatchObject(refused);
      await expect(sealingKeyUse(deps, by)).rejects.toMatchObject(refused);
    }
    await rotateSealingKey(deps, ADMIN, () => undefined);
    const { records } = await listAudit(deps.records, { action: 'sealing-key.rotate' }, { limit: 10 });
    expect(records.map(({ subject, by: who }) => [subject, who])).toEqual([['1', ADMIN.caller.user.email]]);
  });

  test('is told with what each key seals, variables of runs that have not ended included', async () => {
    const { world, deps, keys } = await openWorld();
    const submission = { request: { command: 'true', env: { A: 'b' } }, ...ADMIN };
    const { policy, random, jobs } = world;
    const { execution } = await submitRun({ ...deps, policy, random, jobs }, submission);
    await keys.add();
    expect(await sealingKeyUse(deps, ADMIN)).toEqual({
      key_id: '2',
      sealed: [{ key_id: '1', secrets: NAMES.length, run_inputs: 1 }],
    });
    expect(await resealNow(deps, ADMIN, () => undefined)).toMatchObject({ resealed: NAMES.length + 1 });
    expect((await sealingKeyUse(deps, ADMIN)).sealed).toEqual([{ key_id: '2', secrets: NAMES.length, run_inputs: 1 }]);
    const input = await deps.records.get(runInputRef(execution.execution_id));
    expect(await openRunInput(keys.vault, input!.value)).toEqual({ env: { A: 'b' }, secrets: {} });
    expect((await deps.records.get(executionRef(execution.execution_id)))!.value.status).toBe('STARTING');
  });
});

describe('sealing anew', () => {
  test('that dies at any of its writes leaves every value openable, and the next pass finishes', async () => {
    for (let deaths = 0; deaths < NAMES.length; deaths += 1) {
      const { deps, keys, values, pass } = await openWorld();
      await keys.add();
      let left = deaths;
      const dying = withCompareAndSet(deps.records, async (set) => {
        if (left === 0) throw new Error('died');
        left -= 1;
        return set();
      });
      await expect(pass({ records: dying as typeof deps.records })).rejects.toThrow('died');
      expect(await values()).toEqual(VALUES);
      expect(await pass()).toEqual({ resealed: NAMES.length - deaths, remaining: 0, closed: [] });
      expect(await values()).toEqual(VALUES);
    }
  });

  test('twice at once seals each value once, and loses none', async () => {
    const { deps, keys, keyOf, values, pass } = await openWorld();
    await keys.add();
    const [one, other] = await Promise.all([pass(), pass()]);
    expect(one!.resealed + other!.resealed).toBe(NAMES.length);
    expect(await Promise.all(NAMES.map(keyOf))).toEqual(NAMES.map(() => '2'));
    expect(await values()).toEqual(VALUES);
    expect(deps.records.writes.filter((write) => write.startsWith('set secrets/'))).toHaveLength(NAMES.length);
  });

  test('never takes back a value that somebody changes meanwhile', async () => {
    const { deps, keys, pass } = await openWorld();
    await keys.add();
    const [name = ''] = NAMES;
    let isFirst = true;
    const overtaken = withCompareAndSet(deps.records, async (set) => {
      if (isFirst) await updateSecret(deps, name, { value: 'new' }, ADMIN);
      isFirst = false;
      return set();
    });
    expect(await pass({ records: overtaken as typeof deps.records })).toEqual({
      resealed: NAMES.length - 1,
      remaining: 1,
      closed: [],
    });
    expect((await readSecret(deps, name, ADMIN)).value).toBe('new');
  });

  test('by a process that knows of no newer key takes nothing back to the old one', async () => {
    const { deps, keys, keyOf, pass } = await openWorld();
    await rotateSealingKey(deps, ADMIN, () => undefined);
    const lagging = keys.vaultThatKnows(() => 1);
    expect(await pass({ vault: lagging })).toEqual({ resealed: 0, remaining: 0, closed: [] });
    expect(await keyOf(NAMES[0]!)).toBe('2');
    // What it seals meanwhile is for the next pass of one that does.
    await updateSecret({ ...deps, vault: lagging }, NAMES[0]!, { value: 'late' }, ADMIN);
    expect(await keyOf(NAMES[0]!)).toBe('1');
    expect(await pass()).toEqual({ resealed: 1, remaining: 0, closed: [] });
    expect((await readSecret(deps, NAMES[0]!, ADMIN)).value).toBe('late');
  });

  test('stops at its time and says what is left; a value that does not open is named and stays', async () => {
    const { deps, keys, noticed, pass } = await openWorld();
    await keys.add();
    const over = await reseal(deps, deps.clock.now(), () => undefined);
    expect(over).toEqual({ resealed: 0, remaining: NAMES.length, closed: [] });
    keys.all[0] = { id: '1', key: randomBytes(32) };
    expect(await pass()).toEqual({
      resealed: 0,
      remaining: 0,
      closed: NAMES.toSorted().map((name) => `secrets/${name}`),
    });
    expect(noticed).toHaveLength(NAMES.length);
  });

  test('concludes nothing when the place of the keys does not answer', async () => {
    const { keys, values, pass } = await openWorld();
    await keys.add();
    const silent = {
      ...keys.vault,
      open: async () => {
        throw new Failure('STORE_UNAVAILABLE');
      },
    };
    await expect(pass({ vault: silent })).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    expect(await values()).toEqual(VALUES);
  });

  test('has no audit record of its own: nobody can read anything else after it', async () => {
    const { deps, keys, pass } = await openWorld();
    await keys.add();
    const count = async () => deps.records.transact(async (tx) => (await openAudit(tx), deps.records.writes.length));
    const before = await count();
    await pass();
    expect(deps.records.writes.slice(before).every((write) => write.startsWith('set secrets/'))).toBe(true);
  });
});

/** The same records, but for what becomes of a compare-and-set. */
function withCompareAndSet(records: Records, decide: (set: () => Promise<boolean>) => Promise<boolean>): Records {
  return new Proxy(records, {
    get(target, name) {
      if (name === 'compareAndSet') {
        return (...args: Parameters<Records['compareAndSet']>) => decide(() => target.compareAndSet(...args));
      }
      const member = Reflect.get(target, name, target) as unknown;
      return typeof member === 'function' ? member.bind(target) : member;
    },
  });
}
