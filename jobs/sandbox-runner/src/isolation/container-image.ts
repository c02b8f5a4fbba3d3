import { createHash } from 'node:crypto';
import type { Preparing } from '@runvoy/protocol';
import type { ProcessRow } from '../process-table.ts';
import { type ContainerEngine, callEngine } from './container-engine.ts';
import { machinePrograms } from './machine-files.ts';

/** No container of this image can be: its reason is the run's, its words are for the log. */
export class UnusableImage extends Error {
  readonly reason: 'image_pull' | 'image_unusable';

  constructor(reason: UnusableImage['reason'], words: string) {
    super(words);
    this.reason = reason;
  }
}

/** The image that means "this machine": its programs, read-only, in a container of their own. */
export const MACHINE_IMAGE = 'host';

interface ImageArgs {
  readonly engine: ContainerEngine;
  readonly signal: AbortSignal;
  readonly say: (text: string, step: Preparing) => void;
  /** Told of the program that pulls: it may outlive us. */
  readonly onLeader: (leader: ProcessRow) => void;
}

/** The engine's own id of the image, fetched when it is not here. Rejects with `UnusableImage`. */
export async function engineImage(reference: string, args: ImageArgs): Promise<string> {
  if (reference === MACHINE_IMAGE) return machineImage(args);
  const { engine, signal, say, onLeader } = args;
  const known = await idOf(reference, args);
  if (known !== undefined) return known;
  const full = fullReference(reference);
  say(`image ${reference} is not on this machine; ${engine.command[0]} pulls ${full}`, 'image_pull');
  const pulled = await callEngine(engine, ['pull', '--quiet', full], { signal, onLeader });
  if (!pulled.ok) throw new UnusableImage('image_pull', `image ${reference} could not be pulled: ${pulled.words}`);
  const id = await idOf(full, args);
  if (id === undefined) throw new UnusableImage('image_pull', `image ${reference} was pulled and cannot be found`);
  return id;
}

async function idOf(reference: string, { engine, signal }: ImageArgs): Promise<string | undefined> {
  const { ok, stdout } = await callEngine(engine, ['image', 'inspect', '--format', '{{.Id}}', reference], { signal });
  return ok && stdout !== '' ? stdout.split('\n')[0] : undefined;
}

/** Engines differ in where they look for a reference that names no registry; runvoy means Docker Hub. */
function fullReference(reference: string): string {
  const slash = reference.indexOf('/');
  const first = slash < 0 ? '' : reference.slice(0, slash);
  if (first === 'localhost' || /[.:]/.test(first)) return reference;
  return slash < 0 ? `docker.io/library/${reference}` : `docker.io/${reference}`;
}

/** An image of nothing but links and empty directories, which the machine's programs are mounted into. Made once, without a network. */
async function machineImage(args: ImageArgs): Promise<string> {
  const links = machinePrograms().flatMap((file) => (file.kind === 'link' ? [{ path: file.path, to: file.to }] : []));
  // No /tmp and no /workspace: what is mounted where something is takes its mode, whatever was asked.
  const directories = ['dev', 'etc', 'proc', 'run', 'sys', 'usr', 'var'];
  const tree = tarOf(directories, [...links, { path: '/var/tmp', to: '/tmp' }]);
  const name = `localhost/runvoy-machine:${createHash('sha256').update(tree).digest('hex').slice(0, 12)}`;
  const known = await idOf(name, args);
  if (known !== undefined) return known;
  const made = await callEngine(args.engine, ['import', '-', name], { input: tree, signal: args.signal });
  const id = made.ok ? await idOf(name, args) : undefined;
  if (id === undefined) {
    throw new UnusableImage('image_unusable', `the image of this machine's programs could not be made: ${made.words}`);
  }
  return id;
}

/** A tar archive (ustar) of empty directories and symbolic links, the same bytes each time. */
function tarOf(
  directories: readonly string[],
  links: readonly { readonly path: string; readonly to: string }[],
): Buffer {
  const entries = [
    ...directories.map((name) => tarHeader(`${name}/`, '5', '')),
    ...links.map(({ path, to }) => tarHeader(path.slice(1), '2', to)),
  ];
  return Buffer.concat([...entries, Buffer.alloc(1_024)]);
}

function tarHeader(name: string, type: '2' | '5', target: string): Buffer {
  const header = Buffer.alloc(512);
  header.write(name, 0);
  // Mode, user, group, size, time.
  header.write(['0000755', '0000000', '0000000', '00000000000', '00000000000', ''].join('\0'), 100);
  header.write('        ', 148);
  header.write(type, 156);
  header.write(target, 157);
  header.write('ustar\u000000', 257);
  // The sum of all bytes, taken with spaces in its own place.
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return header;
}
