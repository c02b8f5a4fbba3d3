import { describe, expect, test } from '@jest/globals';
import type { RegisterImageRequest } from '@runvoy/protocol';
import { registerImage } from '../../src/images/register-image.ts';
import { defaultImageRef } from '../../src/images/image.ts';
import { defaultImageId, listImages, removeImage, resolveImage } from '../../src/images/resolve-image.ts';
import { manualClock } from '../../src/time/clock.ts';
import { MemoryRecords } from '../memory-records.ts';

const by = { email: 'ann@example.com', requestId: 'req-1' };

function openImages() {
  const records = new MemoryRecords();
  const deps = { records, clock: manualClock(7) };
  return { records, register: (request: RegisterImageRequest) => registerImage(deps, request, by) };
}

describe('registering', () => {
  test("keeps the reference, the size and who did it, with runvoy's defaults", async () => {
    const { register } = openImages();
    expect(await register({ image: ' alpine ' })).toEqual({
      image_id: 'alpine:latest-c5c74c0e',
      image: 'alpine',
      cpu: 256,
      memory_mib: 512,
      runtime_platform: 'Linux/ARM64',
      created_by: 'ann@example.com',
      owned_by: ['ann@example.com'],
      created_at_ms: 7,
      created_by_request_id: 'req-1',
      modified_by_request_id: 'req-1',
    });
  });

  test('an image that names no platform is for the one of the deployment, and has an id of its own there', async () => {
    const deps = { records: new MemoryRecords(), clock: manualClock(7), policy: { platform: 'Linux/X86_64' } };
    const image = await registerImage(deps, { image: 'alpine' }, by);
    expect(image).toMatchObject({ image_id: 'alpine:latest-7aa12d17', runtime_platform: 'Linux/X86_64' });
    const other = await registerImage(deps, { image: 'alpine', runtime_platform: 'Linux/ARM64' }, by);
    expect(other).toMatchObject({ image_id: 'alpine:latest-c5c74c0e', runtime_platform: 'Linux/ARM64' });
  });

  test('one image may be registered in several sizes, the same one once', async () => {
    const { records, register } = openImages();
    await register({ image: 'alpine' });
    await register({ image: 'alpine', cpu: 1024 });
    const again = await registerImage(
      { records, clock: manualClock(99) },
      { image: 'alpine' },
      { ...by, email: 'bob' },
    );
    expect(again).toMatchObject({ created_by: 'ann@example.com', created_at_ms: 7 });
    expect(await listImages(records)).toHaveLength(2);
  });

  test('one of another registry that would have the same id is refused, naming the one that has it', async () => {
    const { records, register } = openImages();
    await register({ image: 'one.example/tools:1' });
    await expect(register({ image: 'two.example/tools:1' })).rejects.toMatchObject({
      code: 'CONFLICT',
      message: expect.stringMatching(
        /^one\.example\/tools:1 is registered under this id, tools:1-[0-9a-f]{8}, and two/,
      ),
    });
    expect(await listImages(records)).toHaveLength(1);
    expect((await register({ image: 'two.example/tools:1', memory: 1_024 })).image).toBe('two.example/tools:1');
  });

  test('with and without network it is two images, and the one with it has the id that runvoy gives', async () => {
    const { records, register } = openImages();
    const alone = await register({ image: 'alpine', network: 'none' });
    expect(alone.network).toBe('none');
    expect((await register({ image: 'alpine', network: 'default' })).image_id).toBe('alpine:latest-c5c74c0e');
    expect(await listImages(records)).toHaveLength(2);
  });

  test('a size that was asked for stays a demand, also when it is that of our defaults', async () => {
    const { records, register } = openImages();
    expect(await register({ image: 'alpine' })).not.toHaveProperty('is_sized');
    await register({ image: 'alpine', memory: 512 });
    expect((await resolveImage(records, 'alpine')).is_sized).toBe(true);
    expect(await listImages(records)).toHaveLength(1);
  });

  test.each(['', '  '])('the reference %j is required', async (image) => {
    await expect(openImages().register({ image })).rejects.toMatchObject({ code: 'INVALID_REQUEST' });
  });

  test.each(['-x', 'a b', 'a;b', '$(x)', 'x'.repeat(513)])('the reference %j is refused', async (image) => {
    await expect(openImages().register({ image })).rejects.toMatchObject({ code: 'UNPROCESSABLE' });
  });
});

describe('the account an image names', () => {
  const register = (task_role_name: string, policy: { serviceAccounts?: readonly string[] }) =>
    registerImage(
      { records: new MemoryRecords(), clock: manualClock(7), policy },
      { image: 'alpine', task_role_name },
      by,
    );

  test('is refused when it is none of those that jobs may run as, and they are named', async () => {
    await expect(register('runvoy-intake@p', { serviceAccounts: ['job@p'] })).rejects.toMatchObject({
      code: 'UNPROCESSABLE',
      message: expect.stringContaining('job@p'),
    });
  });

  test.each([
    ['one of them', 'job@p', { serviceAccounts: ['job@p'] }],
    ['left empty', '', { serviceAccounts: ['job@p'] }],
    ['without a meaning here', 'arn:aws:iam::1:role/any', {}],
  ])('is taken when it is %s', async (_, name, policy) => {
    expect((await register(name, policy)).task_role_name).toBe(name);
  });
});

describe('the default', () => {
  test('is the first image, unless told otherwise', async () => {
    const { records, register } = openImages();
    await register({ image: 'a', is_default: false });
    expect(await defaultImageId(records)).toBeUndefined();
    await register({ image: 'b' });
    await register({ image: 'c' });
    expect((await resolveImage(records, undefined)).image).toBe('b');
  });

  test('is one at most, the last that was asked for', async () => {
    const { records, register } = openImages();
    await register({ image: 'a' });
    await register({ image: 'b', is_default: true });
    expect((await resolveImage(records, '')).image).toBe('b');
    await register({ image: 'a', is_default: true });
    expect((await resolveImage(records, '')).image).toBe('a');
    await register({ image: 'a', is_default: false });
    expect((await resolveImage(records, '')).image).toBe('a');
  });

  test('is gone with its image, and nobody takes its place until one is registered', async () => {
    const { records, register } = openImages();
    const { image_id } = await register({ image: 'a' });
    await register({ image: 'b' });
    await removeImage({ records, clock: manualClock(9) }, image_id, by);
    expect(await defaultImageId(records)).toBeUndefined();
    await expect(resolveImage(records, undefined)).rejects.toThrow('Image the default is not registered');
    await register({ image: 'c' });
    expect((await resolveImage(records, undefined)).image).toBe('c');
  });

  test('is one read for a run, and changes with its image', async () => {
    const { records, register } = openImages();
    await register({ image: 'a' });
    const { reads } = records;
    expect((await resolveImage(records, undefined)).is_sized).toBeUndefined();
    expect(records.reads - reads).toBe(1);
    // The sizes it has by default, now asked for by name.
    await register({ image: 'a', cpu: 256, memory: 512, is_default: false });
    expect(await resolveImage(records, undefined)).toMatchObject({ image: 'a', is_sized: true });
    await register({ image: 'b', is_default: true });
    expect(await resolveImage(records, undefined)).toMatchObject({ image: 'b' });
  });

  test('is not changed by what another image becomes', async () => {
    const { records, register } = openImages();
    await register({ image: 'a' });
    await register({ image: 'b' });
    await register({ image: 'b', cpu: 256, memory: 512 });
    expect((await resolveImage(records, undefined)).image).toBe('a');
  });

  test('of an older version, which named it alone, is looked up', async () => {
    const { records, register } = openImages();
    const { image_id } = await register({ image: 'a' });
    await records.transact(async (tx) => tx.set(defaultImageRef, { image_id }));
    expect((await resolveImage(records, undefined)).image).toBe('a');
  });

  test('of two first images registered at once is one of them', async () => {
    const { records, register } = openImages();
    await Promise.all([register({ image: 'a' }), register({ image: 'b' })]);
    expect(['a', 'b']).toContain((await resolveImage(records, undefined)).image);
    expect(records.writes.filter((write) => write === 'set settings/default-image')).toHaveLength(1);
  });
});

describe('resolving', () => {
  test('an id is exactly that registration', async () => {
    const { records, register } = openImages();
    await register({ image: 'alpine' });
    const large = await register({ image: 'alpine', cpu: 1024 });
    expect((await resolveImage(records, large.image_id)).cpu).toBe(1024);
  });

  test('a reference is the registration of exactly that reference, before any of the same name and tag', async () => {
    const { records, register } = openImages();
    await register({ image: 'reg.io/alpine:3', cpu: 1 });
    await register({ image: 'alpine:3', cpu: 2 });
    expect((await resolveImage(records, 'alpine:3')).cpu).toBe(2);
    expect((await resolveImage(records, 'reg.io/alpine:3')).cpu).toBe(1);
  });

  test('a short form finds what was registered with a registry or without a tag', async () => {
    const { records, register } = openImages();
    await register({ image: 'reg.io:5000/team/tool' });
    expect((await resolveImage(records, 'team/tool')).image).toBe('reg.io:5000/team/tool');
    expect((await resolveImage(records, 'team/tool:latest')).image).toBe('reg.io:5000/team/tool');
  });

  test('of several sizes it is the default one, else the newest, and of one moment the first by id', async () => {
    const { records, register } = openImages();
    await register({ image: 'other' });
    const sizes = [1, 2, 3].map((cpu) => register({ image: 'alpine', cpu }));
    const ids = (await Promise.all(sizes)).map(({ image_id }) => image_id);
    expect((await resolveImage(records, 'alpine')).image_id).toBe(ids.toSorted()[0]);
    await register({ image: 'alpine', cpu: 3, is_default: true });
    expect((await resolveImage(records, 'alpine')).cpu).toBe(3);
  });

  test('of two that differ it is the one registered last', async () => {
    const records = new MemoryRecords();
    const clock = manualClock(7);
    await registerImage({ records, clock }, { image: 'other' }, by);
    for (const cpu of [3, 1, 2]) {
      clock.advance(1);
      await registerImage({ records, clock }, { image: 'alpine', cpu }, by);
    }
    expect((await resolveImage(records, 'alpine')).cpu).toBe(2);
  });

  test('a reference that has the form of an id is found as a reference', async () => {
    const { records, register } = openImages();
    await register({ image: 'tool:build-0123abcd' });
    expect((await resolveImage(records, 'tool:build-0123abcd')).image).toBe('tool:build-0123abcd');
  });

  test('what is not registered is not found', async () => {
    const { records, register } = openImages();
    await register({ image: 'alpine' });
    for (const wanted of ['alpine:3', 'alpin', 'alpine:latest-00000000']) {
      await expect(resolveImage(records, wanted)).rejects.toMatchObject({ code: 'IMAGE_NOT_FOUND' });
    }
  });
});

describe('removing', () => {
  test('takes one size and leaves the others, and a default that is another', async () => {
    const { records, register } = openImages();
    await register({ image: 'alpine' });
    const { image_id } = await register({ image: 'alpine', cpu: 1024 });
    await removeImage({ records, clock: manualClock(9) }, image_id, by);
    expect((await listImages(records)).map(({ cpu }) => cpu)).toEqual([256]);
    expect((await resolveImage(records, undefined)).cpu).toBe(256);
    await expect(removeImage({ records, clock: manualClock(9) }, image_id, by)).rejects.toMatchObject({
      code: 'IMAGE_NOT_FOUND',
    });
  });

  test('needs an id, not a reference', async () => {
    const { records, register } = openImages();
    await register({ image: 'alpine' });
    await expect(removeImage({ records, clock: manualClock(9) }, 'alpine', by)).rejects.toThrow(
      'alpine is not an image id such as',
    );
  });
});
