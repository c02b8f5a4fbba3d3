import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { LaidOut } from './dockerfile.ts';
import { environmentIn, identityOf, nodeIn } from './image-layout.ts';

/** What a process has loaded: files, and modules of Node's own as `process.moduleLoadList` names them. */
export interface Loaded {
  readonly files: readonly string[];
  readonly builtins: readonly string[];
}

/** A service started on its image's files. */
export interface StartedImage extends AsyncDisposable {
  readonly url: string;
  readonly pid: number;
  loaded(): Promise<Loaded>;
}

interface Line {
  readonly message?: string;
  readonly port?: number;
  readonly loaded?: Loaded;
}

/** Starts what the image starts, as the image's user where that can be, and resolves once it listens. */
export async function startImage(image: LaidOut, env: Readonly<Record<string, string>>): Promise<StartedImage> {
  const child = spawn(nodeIn(image), ['--import', TELLING_LOADS, ...image.entrypoint.slice(1)], {
    cwd: join(image.root, image.workdir),
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...environmentIn(image), ...env, PORT: '0' },
    ...identityOf(image),
  });
  const ended = once(child, 'close');
  const port = Promise.withResolvers<number>();
  let told = Promise.withResolvers<Loaded>();
  createInterface({ input: child.stdout }).on('line', (text) => {
    const line = JSON.parse(text) as Line;
    if (line.message === 'listening') port.resolve(line.port!);
    if (line.loaded) told.resolve(line.loaded);
  });
  const listening = await Promise.race([port.promise, ended.then(() => undefined)]);
  if (listening === undefined) throw new Error(`It ended with ${child.exitCode}.`);
  return {
    url: `http://127.0.0.1:${listening}`,
    pid: child.pid!,
    loaded() {
      told = Promise.withResolvers();
      child.kill('SIGUSR2');
      return told.promise;
    },
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}

/** Starts what the image starts, and waits for its end. */
export function runImage(image: LaidOut): { readonly status: number | null; readonly stderr: string } {
  return spawnSync(nodeIn(image), image.entrypoint.slice(1), {
    cwd: join(image.root, image.workdir),
    env: environmentIn(image),
    encoding: 'utf8',
    ...identityOf(image),
  });
}

/** Says on a signal what was loaded; reads of Node's own modules only what it needs, to load none itself. */
const TELLING_LOADS = `data:text/javascript,${encodeURIComponent(`
  const files = [];
  process.getBuiltinModule('node:module').registerHooks({
    load(url, context, next) {
      if (url.startsWith('file:')) files.push(process.getBuiltinModule('node:url').fileURLToPath(url));
      return next(url, context);
    },
  });
  process.on('SIGUSR2', () => {
    process.stdout.write(JSON.stringify({ loaded: { files, builtins: process.moduleLoadList } }) + '\\n');
  });
`)}`;
