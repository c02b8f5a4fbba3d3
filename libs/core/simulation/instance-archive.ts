import type { Archive } from '../src/archive/archive.ts';
import { SimulatedOutage, type Instance } from './instance.ts';
import type { KeptBlobs } from './kept-blobs.ts';
import type { LogWatch } from './log-watch.ts';

/** The archive as one instance sees it. Every call may fail, take long or be the last; what is put may not be what is kept. */
export function instanceArchive(instance: Instance, inner: KeptBlobs, watch: LogWatch): Archive {
  const { world } = instance;
  const call = <R>(verb: string, blob: string, isWrite: boolean, work: (where: string) => Promise<R>): Promise<R> => {
    // With the run's label, as with records: a place keeps its name when other runs are left out.
    const id = blob.split('/')[1] ?? '';
    const run = world.runs.get(id);
    const name = `${verb} ${run === undefined ? blob : `a segment of ${run.label}`}`;
    const place = `${instance.name} archive ${name}`;
    return instance.call({ port: 'archive', name, isWrite }, () => work(`${place} ${world.nth(`${place} done`)}`));
  };
  const noteDamage = (blob: string) => {
    const run = world.runs.get(blob.split('/')[1] ?? '');
    if (run) run.hasDamagedBlobs = true;
  };
  return {
    put: (name, content) =>
      call('put', name, true, async (where) => {
        const stored = await inner.put(name, content);
        if (world.strikes('blob-damaged', where)) {
          world.reach('blob-damaged');
          noteDamage(name);
          world.trace.step(`the blob that ${where} is damaged`);
          inner.damage(name, world.choices.bits(`damage ${where}`));
        }
        return stored;
      }),
    get: (name, range) =>
      call('get', name, false, async (where) => {
        const blob = await inner.get(name, range);
        if (!blob || !world.strikes('blob-breaks', where)) return blob;
        world.reach('blob-breaks');
        noteDamage(name);
        return breaking(blob, where, world.choices.bits(`break ${where}`) % 2 === 0);
      }),
    delete: (name) =>
      call('delete', name, true, async () => {
        watch.blobRemoved(name);
        await inner.delete(name);
      }),
    list: (prefix, page) => call('list', prefix, false, () => inner.list(prefix, page)),
  };
}

/** Half of each piece, and then an end, said or not. */
async function* breaking(
  blob: AsyncIterable<Uint8Array>,
  where: string,
  isSaid: boolean,
): AsyncGenerator<Uint8Array, void, undefined> {
  for await (const piece of blob) {
    yield piece.subarray(0, piece.length >> 1);
    break;
  }
  if (isSaid) throw new SimulatedOutage(`${where} broke off`);
}
