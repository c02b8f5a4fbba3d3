import type { Archive } from '../src/archive/archive.ts';
import type { Instance } from './instance.ts';

/** The archive as one instance sees it. Every call may fail, take long or be the last. */
export function instanceArchive(instance: Instance, inner: Archive): Archive {
  const call = <R>(verb: string, blob: string, isWrite: boolean, work: () => Promise<R>): Promise<R> => {
    // With the run's label, as with records: a place keeps its name when other runs are left out.
    const id = blob.split('/')[1] ?? '';
    const run = instance.world.runs.get(id);
    const name = `${verb} ${run === undefined ? blob : `a segment of ${run.label}`}`;
    return instance.call({ port: 'archive', name, isWrite }, work);
  };
  return {
    put: (name, content) => call('put', name, true, () => inner.put(name, content)),
    get: (name, range) => call('get', name, false, () => inner.get(name, range)),
    delete: (name) => call('delete', name, true, () => inner.delete(name)),
    list: (prefix, page) => call('list', prefix, false, () => inner.list(prefix, page)),
  };
}
