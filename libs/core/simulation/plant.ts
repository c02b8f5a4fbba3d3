import { registerHooks } from 'node:module';
import { fileURLToPath } from 'node:url';
import type { PlantedBug } from './planted-bug.ts';
import { PLANTED_BUGS } from './planted-bugs.ts';

/**
 * Puts a bug into the sources as they are loaded: nothing on disk changes. To be called before core is imported.
 * Throws for a bug nobody has described. A source that no longer holds the text to be replaced throws when it is loaded.
 */
export function plant(name: string): PlantedBug {
  const bug = PLANTED_BUGS.find((known) => known.name === name);
  if (!bug)
    throw new Error(`no planted bug "${name}"; there are: ${PLANTED_BUGS.map((known) => known.name).join(', ')}`);
  registerHooks({
    load(url, context, nextLoad) {
      const loaded = nextLoad(url, context);
      const edits = bug.edits.filter((edit) => url.startsWith('file:') && isSource(fileURLToPath(url), edit));
      if (edits.length === 0) return loaded;
      const text = typeof loaded.source === 'string' ? loaded.source : new TextDecoder().decode(loaded.source);
      return { ...loaded, source: edits.reduce((source, edit) => planted(source, bug, edit), text) };
    },
  });
  return bug;
}

function isSource(path: string, { file, of }: PlantedBug['edits'][number]): boolean {
  return path.replaceAll('\\', '/').endsWith(`/${of ?? 'libs/core'}/src/${file}`);
}

/** The text with the edit in it; throws unless what it replaces is there exactly once. */
export function planted(source: string, bug: PlantedBug, { file, find, replace }: PlantedBug['edits'][number]): string {
  const found = source.split(find).length - 1;
  if (found !== 1) {
    throw new Error(
      `planted bug ${bug.name}: ${file} holds the text to be replaced ${found} times; keep the patch in step`,
    );
  }
  return source.replace(find, () => replace);
}
