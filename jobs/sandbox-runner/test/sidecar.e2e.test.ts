import { describe, expect, jest, test } from '@jest/globals';
import { openSidecarWorld, readLane, whyNoContainers } from './sidecar-world.ts';

// Real processes on a machine that may be busy with others.
jest.setTimeout(60_000);

const why = await whyNoContainers();
const inContainers = (name: string) => (why === undefined ? name : `${name} — skipped: ${why}`);
const testIt = why === undefined ? test : test.skip;

describe('a sidecar', () => {
  testIt(inContainers('brings both streams of the other container, in order, and its exit code'), async () => {
    await using world = await openSidecarWorld('echo one; echo two >&2; echo three; printf tail; exit 7');
    expect(await world.ends()).toEqual([0, 7]);
    const { intake } = world;
    expect(intake.badSignatures).toEqual([]);
    expect(intake.texts('stdout')).toEqual(['one', 'three', 'tail']);
    expect(intake.texts('stderr')).toEqual(['two']);
    expect(intake.finished).toHaveLength(1);
    expect(intake.finished[0]).toMatchObject({ cause: 'exited', exit_code: 7, ...intake.digest() });
    const lane = readLane(world);
    expect(lane.lines).toEqual(intake.lines());
    expect(lane.finished).toEqual(intake.finished);
  });
});
