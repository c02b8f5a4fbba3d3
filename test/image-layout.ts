import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statfsSync,
  symlinkSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { layOut, parseArgs, parseDockerfile, type LaidOut } from './dockerfile.ts';
import { installedPackages } from './installed-packages.ts';
import { linkTree } from './link-tree.ts';

export const REPOSITORY = fileURLToPath(new URL('..', import.meta.url));
export const DOCKERFILE = readFileSync(join(REPOSITORY, 'Dockerfile'), 'utf8');
export const BASES = parseArgs(readFileSync(join(REPOSITORY, 'Dockerfile.args'), 'utf8'));
export const STAGES = parseDockerfile(DOCKERFILE, BASES);
/** There is no engine here, so these are laid out by what stands for them: programs of the base images. */
const GIVEN = ['node', 'static-shell'];
/** Only who is root can become somebody else. */
export const CAN_BECOME = process.getuid?.() === 0;

/** Images without an engine: the files of each, laid out once by the steps of the Dockerfile. */
export interface ImageLayout extends Disposable {
  /** Packages come from this checkout instead of from a registry. */
  imageOf(target: string): LaidOut;
}

export function openImageLayout(): ImageLayout {
  const directory = mkdtempSync(join(scratch(), 'runvoy-images-'));
  chmodSync(directory, 0o755);
  const laidOut = new Map<string, LaidOut>();
  const rootOf = (stage: string) => {
    const root = join(directory, stage);
    const isGiven = GIVEN.includes(stage) || existsSync(root);
    mkdirSync(root, { recursive: true });
    if (stage === 'node') linkTree(process.execPath, join(root, 'node/usr/local/bin/node'));
    if (stage === 'static-shell') cpSync('/bin/busybox', join(root, 'usr/bin/busybox'), { dereference: true });
    return { root, isGiven };
  };
  return {
    imageOf(target) {
      const known = laidOut.get(target) ?? layOut(STAGES, target, { context: REPOSITORY, rootOf, run, become });
      laidOut.set(target, known);
      return known;
    },
    [Symbol.dispose]: () => rmSync(directory, { recursive: true, force: true }),
  };
}

/** Memory, where programs may be started from it and there is plenty: some twenty thousand files are made and removed at once. */
function scratch(): string {
  const memory = '/dev/shm';
  if (process.platform !== 'linux' || !existsSync(memory)) return tmpdir();
  const mount = readFileSync('/proc/mounts', 'utf8')
    .split('\n')
    .find((line) => line.split(' ')[1] === memory);
  const { bavail, bsize } = statfsSync(memory);
  return mount === undefined || mount.includes('noexec') || bavail * bsize < 2 ** 30 ? tmpdir() : memory;
}

/** The Node that an image brings, or that its base would. */
export function nodeIn({ root }: LaidOut): string {
  const own = join(root, 'usr/local/bin/node');
  return existsSync(own) ? own : process.execPath;
}

/** The image's variables, with its paths where they are here. */
export function environmentIn({ root, env }: LaidOut): Record<string, string> {
  const here = Object.entries(env).map(([name, value]) => [name, value.replace(/^\//, `${root}/`)] as const);
  return { PATH: process.env['PATH']!, ...Object.fromEntries(here) };
}

/** The user an image's processes run as, for `spawn`; whoever runs the tests, where that cannot be changed. */
export function identityOf({ user }: Pick<LaidOut, 'user'>): { readonly uid?: number; readonly gid?: number } {
  if (user === undefined || !CAN_BECOME) return {};
  const [uid, gid] = user.split(':').map(Number);
  return { uid: uid!, gid: gid! };
}

/** The base of the services has a home for the user it is made for; nothing else there is theirs. */
function become(user: string, { root }: LaidOut): void {
  const home = join(root, 'home/nonroot');
  mkdirSync(home, { recursive: true });
  const { uid, gid } = identityOf({ user });
  if (uid !== undefined && gid !== undefined) chownSync(home, uid, gid);
}

function run(command: string, at: LaidOut): void {
  const cwd = join(at.root, at.workdir);
  const [first = '', ...then] = command.split(' && ');
  if (first.startsWith('npm ci ')) {
    install(first.split(' ').slice(2), cwd);
    if (then.length > 0) run(then.join(' && '), at);
  } else if (command.startsWith('[')) {
    const [, ...args] = JSON.parse(command) as string[];
    execFileSync(nodeIn(at), args, { cwd, stdio: 'pipe', env: environmentIn(at), ...identityOf(at) });
  }
  // Packages of the distribution are the base image's own business.
  else if (!/^(apt-get|apk) /.test(command)) execFileSync('/bin/sh', ['-c', command], { cwd });
}

/** What `npm ci` with these arguments would install. */
function install(args: readonly string[], cwd: string): void {
  if (!args.includes('--omit=dev')) return linkAll(cwd);
  const workspaces = args.filter((_, index) => args[index - 1] === '-w');
  for (const path of installedPackages(REPOSITORY, workspaces)) {
    const source = join(REPOSITORY, path);
    // Those inside another package are listed by themselves. A platform's own may be for another one.
    if (existsSync(source))
      linkTree(source, join(cwd, path), (file) => !file.slice(source.length).includes('/node_modules'));
  }
}

/** For a stage that only builds: everything that is installed here, each as a link. Workspaces stay those that were copied. */
function linkAll(cwd: string): void {
  const packages = join(REPOSITORY, 'node_modules');
  mkdirSync(join(cwd, 'node_modules'), { recursive: true });
  for (const name of readdirSync(packages)) {
    if (name === '@runvoy') linkTree(join(packages, name), join(cwd, 'node_modules', name));
    else symlinkSync(join(packages, name), join(cwd, 'node_modules', name));
  }
  // A workspace has what another one needs in another version.
  for (const path of globSync('{clients,jobs,libs,services}/*/node_modules', { cwd: REPOSITORY })) {
    if (existsSync(join(cwd, dirname(path)))) symlinkSync(join(REPOSITORY, path), join(cwd, path));
  }
}
