import { execFile } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { appendFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { openFrontEnd, type FrontEnd } from '@runvoy/google-fakes';
import type { ReadyLine } from '@runvoy/protocol';
import { newClosing, type Closing } from './closing.ts';
import { openConsoleDoor } from './console-door.ts';
import { deploymentIn, ROLES, type Deployment, type Role, type Urls } from './deployment.ts';
import { mainOf, newFleet, type FleetOptions } from './fleet.ts';
import { startGoogle, type Doors, type Google, type GoogleOptions, type RunningEmulators } from './google.ts';
import { emulatedImages, IMAGES } from './images.ts';
import { ofThisMachine, type ServiceInstance } from './service-process.ts';
import { Upkeep } from './upkeep.ts';

export interface EmulatedStackOptions extends FleetOptions {
  /** Unique among the stacks on the same emulators; `runvoy-emulated` unless told. */
  readonly project?: string;
  /** Emulators that run already; without them it starts its own. */
  readonly emulators?: RunningEmulators;
  /** Of the public API; 0 lets the system choose. */
  readonly port?: number;
  /** Instances of each service; 1 unless told. */
  readonly instances?: number;
  /** Directories that commands see at the same path, read-only. */
  readonly readable?: readonly string[];
  /** How the fake Cloud Run behaves. */
  readonly cloudRun?: Partial<GoogleOptions>;
  /** Whether the scheduler fires by itself; it does unless told. */
  readonly ticking?: boolean;
  /** Whether instances have no CPU between requests. */
  readonly throttled?: boolean;
  /** Where the built console is; none is served unless told. */
  readonly consoleRoot?: string;
}

/** The three services on Google's emulators and fakes, as they are deployed. */
export interface EmulatedStack extends AsyncDisposable {
  readonly ready: ReadyLine & { readonly api_key: string };
  readonly google: Google;
  readonly project: string;
  readonly accounts: Deployment['accounts'];
  readonly urls: Urls;
  /** What pushes and the trigger bring to the processor, and what may happen to it on its way. */
  readonly doors: Doors;
  /** The running instances of a service. */
  instances(role: Role): readonly ServiceInstance[];
  /** Starts one more instance of a service. */
  addInstance(role: Role): Promise<ServiceInstance>;
  /** Starts an instance that nothing stands before, with some variables changed: whoever reaches it may call. */
  startExposed(role: Role, env: Readonly<Record<string, string>>): Promise<ServiceInstance>;
  /** Kills an instance, and with it the requests it has not answered. */
  killInstance(role: Role, instance: ServiceInstance): Promise<void>;
  /** Makes a service unreachable by its URL, until `mend`: whoever was connected is cut off. */
  cut(role: Role): void;
  mend(role: Role): void;
  tick(): Promise<number>;
  sweep(): Promise<number>;
  /** Resolves with what to say when something ended by itself that is not started again. */
  readonly failed: Promise<Error>;
  /** Ends everything that was started; nothing is left running. */
  close(): Promise<void>;
}

/** Starts the whole stack. Rejects with what went wrong, after ending what had been started. */
export async function startEmulatedStack(options: EmulatedStackOptions): Promise<EmulatedStack> {
  mkdirSync(options.dataDir, { recursive: true });
  const problems = join(options.dataDir, 'stack.log');
  const closing = newClosing((error) => appendFileSync(problems, `${String(error)}\n`));
  try {
    return await open(options, closing);
  } catch (error) {
    await closing.run();
    throw error;
  }
}

async function open(options: EmulatedStackOptions, closing: Closing): Promise<EmulatedStack> {
  const deployment = deploymentIn(options.project ?? 'runvoy-emulated');
  // Before all that takes time: a port that is taken is told at once.
  const api = await openApiFront(options, closing);
  const { consoleRoot } = options;
  const door =
    consoleRoot === undefined
      ? undefined
      : await closing.add(openConsoleDoor(consoleRoot, api.url), (opened) => opened.stop());
  const upkeep: Upkeep = new Upkeep({
    start: async (role) => (await fleet.add(role)).name,
    tell: (text) => options.onNotice?.(text),
    now: () => performance.now(),
    isOver: () => closing.hasBegun,
  });
  const google = await startGoogle(closing, deployment, {
    images: emulatedImages(deployment.sidecarImage, IMAGES, options.readable),
    emulators: options.emulators,
    onEmulatorEnd: (name, printed) => upkeep.giveUp(`Google's ${name} emulator ended, with all it held: ${printed}`),
    ...options.cloudRun,
  });
  const fronts = await openFronts(options, closing, { deployment, google, api });
  const urls = Object.fromEntries(ROLES.map((role) => [role, fronts.get(role)!.url])) as Urls;
  const fleet = newFleet(options, closing, { deployment, google, fronts, urls, webUrl: door?.url, upkeep });
  const perRole = Array.from({ length: options.instances ?? 1 });
  await Promise.all(ROLES.flatMap((role) => perRole.map(() => fleet.add(role))));
  const doors = await google.openDoors(urls);
  const admin = await letAdminIn(
    mainOf('orchestrator', options.bundles),
    fleet.envOf('orchestrator'),
    urls.orchestrator,
  );
  if (options.ticking ?? true) doors.schedules.start();
  return {
    ready: {
      api_url: urls.orchestrator,
      websocket_url: `${urls.websocket.replace(/^http/, 'ws')}/stream`,
      console_url: door?.url ?? urls.orchestrator,
      data_dir: options.dataDir,
      pid: process.pid,
      ...admin,
    },
    google,
    project: deployment.project,
    accounts: deployment.accounts,
    urls,
    doors,
    failed: upkeep.failed,
    instances: fleet.instances,
    addInstance: (role) => fleet.add(role),
    startExposed: (role, env) => fleet.start(role, env),
    killInstance: (role, instance) => fleet.kill(role, instance),
    cut: (role) => fronts.get(role)!.cut(),
    mend: (role) => fronts.get(role)!.mend(),
    tick: () => doors.schedules.tick(),
    sweep: () => doors.schedules.sweep(),
    close: () => closing.run(),
    [Symbol.asyncDispose]: () => closing.run(),
  };
}

/** Cloud Run before the orchestrator, on the port that was asked for. */
async function openApiFront({ port, throttled = false }: EmulatedStackOptions, closing: Closing): Promise<FrontEnd> {
  const opening = openFrontEnd({ throttled, ...(port === undefined ? {} : { port }) });
  try {
    return await closing.add(opening, (front) => front.stop());
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const where = code === 'EADDRINUSE' ? `Port ${port} is taken on 127.0.0.1.` : `Cannot listen: ${message}.`;
    throw new Error(`${where} Choose another with --port, or leave it out for one that is free.`, { cause: error });
  }
}

/** Cloud Run before each service: the processor is private, and everybody may call the others. */
async function openFronts(
  { throttled = false }: EmulatedStackOptions,
  closing: Closing,
  { deployment, google, api }: { readonly deployment: Deployment; readonly google: Google; readonly api: FrontEnd },
): Promise<ReadonlyMap<Role, FrontEnd>> {
  const fronts = new Map<Role, FrontEnd>([['orchestrator', api]]);
  for (const role of ROLES) {
    if (fronts.has(role)) continue;
    const checked = role === 'processor' ? { invokers: [deployment.accounts.caller], issuer: google.issuer } : {};
    fronts.set(role, await closing.add(openFrontEnd({ throttled, ...checked }), (front) => front.stop()));
  }
  return fronts;
}

/** As `runvoy infra apply` does it: a token is drawn here, the command is told its hash, and what it prints lets nobody in. */
async function letAdminIn(main: string, env: Promise<Record<string, string>>, api: string) {
  const token = randomBytes(32).toString('base64url');
  const hash = createHash('sha256').update(token).digest('hex');
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [main, 'admin-link', `--claim-hash=${hash}`, '--json'],
    { env: { ...ofThisMachine(), ...(await env) } },
  );
  const { admin_email } = JSON.parse(stdout) as { readonly admin_email: string };
  const answer = await fetch(`${api}/api/v1/claim/${token}`, { method: 'POST' });
  if (!answer.ok) throw new Error(`The claim was answered with ${answer.status}: ${await answer.text()}`);
  const { api_key } = (await answer.json()) as { readonly api_key: string };
  return { admin_email, api_key };
}
