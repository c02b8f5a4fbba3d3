import { expect, test } from '@jest/globals';
import type { Findings, HealthProbe, KnownThings } from '@runvoy/core';

/** A place that is as it should be, and what the records say of it. */
export interface HealthWorld extends AsyncDisposable {
  readonly probe: HealthProbe;
  readonly known: KnownThings;
  /** The id of a key that is there. */
  readonly keyId: string;
}

/** A place that can fail to answer: from now on it does. */
export interface SilentWorld extends HealthWorld {
  silence(): void;
}

const NO_KEY = '999';

/** What every HealthProbe must do. */
export function healthProbeContract(open: () => Promise<HealthWorld>): void {
  const askAll = ({ probe, known, keyId }: HealthWorld): Promise<readonly Findings<object>[]> =>
    Promise.all([probe.compute(known), probe.keys([keyId]), probe.identity()]);

  test('finds no issue where everything is as it should be', async () => {
    await using world = await open();
    const found = await askAll(world);
    expect(found.flatMap(({ issues }) => issues)).toEqual([]);
  });

  test('verifies what is there, and counts nothing twice', async () => {
    await using world = await open();
    const { status } = await world.probe.compute(world.known);
    expect(status.total_resources).toBeGreaterThan(0);
    expect(status).toEqual({
      total_resources: status.total_resources,
      verified_count: status.total_resources,
      recreated_count: 0,
      tag_updated_count: 0,
      orphaned_count: 0,
      orphaned_resources: [],
    });
    expect((await world.probe.identity()).status).toMatchObject({ default_roles_verified: true, missing_roles: [] });
  });

  test('asked twice at once, and once more, says the same', async () => {
    await using world = await open();
    const [one, other] = await Promise.all([askAll(world), askAll(world)]);
    expect(other).toEqual(one);
    expect(await askAll(world)).toEqual(one);
  });

  test('misses a key that was never there, and no other', async () => {
    await using world = await open();
    const { status } = await world.probe.keys([world.keyId, NO_KEY]);
    expect(status.missing).toEqual([NO_KEY]);
  });

  test('says of everything it does not know why', async () => {
    await using world = await open();
    for (const { unchecked } of await askAll(world)) {
      for (const { what, why } of unchecked) expect([what, why].map((text) => text.length > 3)).toEqual([true, true]);
    }
  });
}

/** What one must do besides where the platform is somewhere else. */
export function silentHealthProbeContract(open: () => Promise<SilentWorld>): void {
  test('rejects when the place does not answer, and calls nothing missing', async () => {
    await using world = await open();
    world.silence();
    await expect(world.probe.compute(world.known)).rejects.toThrow();
    await expect(world.probe.keys([world.keyId])).rejects.toThrow();
    await expect(world.probe.identity()).rejects.toThrow();
  });
}
