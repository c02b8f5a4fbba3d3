import { execFile } from 'node:child_process';
import { appendFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { openFrontEnd, type FrontEnd } from '@runvoy/google-fakes';
import type { ReadyLine } from '@runvoy/protocol';
import { newClosing, type Closing } from './closing.ts';
import {
  deploymentIn,
  environmentOf,
  newSigningKey,
  ROLES,
  type Deployment,
  type Role,
  type Urls,
} from './deployment.ts';
import { startGoogle, type Doors, type Google, type GoogleOptions, type RunningEmulators } from './google.ts';
import { emulatedImages, IMAGES } from './images.ts';
import { startInstance, type ServiceInstance } from './service-process.ts';

export interface EmulatedStackOptions {
  /** Unique among the stacks on the same emulators; `runvoy-emulated` unless told. */
  readonly project?: string;
  /** Emulators that run already; without them it starts its own. */
  readonly emulators?: RunningEmulators;
  /** Where the logs of the services go. */
  readonly dataDir: string;
  /** Of the public API; 0 lets the system choose. */
  readonly port?: number;
  /** Instances of each service; 1 unless told. */
  readonly instances?: number;
  /** Directories that commands see at the same path, read-only. */
  readonly readable?: readonly string[];
  /** Added to the environment of every service. */
  readonly env?: Readonly<Record<string, string>>;
  /** How the fake Cloud Run behaves. */
  readonly cloudRun?: Partial<GoogleOptions>;
  /** Whether the scheduler fires by itself; it does unless told. */
  readonly ticking?: boolean;
  /** Whether instances have no CPU between requests. */
  readonly throttled?: boolean;
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
  const google = await startGoogle(closing, deployment, {
    images: emulatedImages(deployment.sidecarImage, IMAGES, options.readable),
    emulators: options.emulators,
    ...options.cloudRun,
  });
  const fronts = await openFronts(options, closing, { deployment, google });
  const urls = Object.fromEntries(ROLES.map((role) => [role, fronts.get(role)!.url])) as Urls;
  const fleet = newFleet(options, closing, { deployment, google, fronts, urls });
  const perRole = Array.from({ length: options.instances ?? 1 });
  await Promise.all(ROLES.flatMap((role) => perRole.map(() => fleet.add(role))));
  const doors = await google.openDoors(urls);
  const admin = await letAdminIn(fleet.envOf('orchestrator'), urls.orchestrator);
  if (options.ticking ?? true) doors.schedules.start();
  return {
    ready: {
      api_url: urls.orchestrator,
      websocket_url: `${urls.websocket.replace(/^http/, 'ws')}/stream`,
      console_url: urls.orchestrator,
      data_dir: options.dataDir,
      pid: process.pid,
      ...admin,
    },
    google,
    project: deployment.project,
    accounts: deployment.accounts,
    urls,
    doors,
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

const mainOf = (role: Role) =>
  fileURLToPath(new URL(`../../services/${role === 'intake' ? 'processor' : role}/src/main.ts`, import.meta.url));

interface FleetParts {
  readonly deployment: Deployment;
  readonly google: Google;
  readonly fronts: ReadonlyMap<Role, FrontEnd>;
  readonly urls: Urls;
}

/** Cloud Run before each service: the processor is private, and everybody may call the others. */
async function openFronts(
  { port, throttled = false }: EmulatedStackOptions,
  closing: Closing,
  { deployment, google }: Pick<FleetParts, 'deployment' | 'google'>,
): Promise<ReadonlyMap<Role, FrontEnd>> {
  const fronts = new Map<Role, FrontEnd>();
  for (const role of ROLES) {
    const checked = role === 'processor' ? { invokers: [deployment.accounts.caller], issuer: google.issuer } : {};
    const chosen = role === 'orchestrator' && port !== undefined ? { port } : {};
    const opening = openFrontEnd({ throttled, ...checked, ...chosen });
    fronts.set(role, await closing.add(opening, (front) => front.stop()));
  }
  return fronts;
}

/** The instances of all services. */
function newFleet(options: EmulatedStackOptions, closing: Closing, parts: FleetParts) {
  const { deployment, google, fronts, urls } = parts;
  const signingKey = newSigningKey();
  const running = new Map<Role, ServiceInstance[]>(ROLES.map((role) => [role, []]));
  const environments = new Map<Role, Promise<Record<string, string>>>();
  let started = 0;

  const envOf = (role: Role) => {
    const known =
      environments.get(role) ??
      google.endpointsOf(role).then((endpoints) => ({
        ...environmentOf(deployment, role, { endpoints, urls, signingKey }),
        ...options.env,
      }));
    environments.set(role, known);
    return known;
  };
  const without = (role: Role, instance: ServiceInstance): boolean => {
    const others = running.get(role)!.filter((one) => one !== instance);
    const isOne = others.length < running.get(role)!.length;
    running.set(role, others);
    return isOne;
  };
  const start = async (role: Role, env: Readonly<Record<string, string>> = {}) => {
    const name = `${role}-${++started}`;
    const logFile = join(options.dataDir, `${name}.log`);
    const whole = { ...(await envOf(role)), ...env };
    return closing.add(startInstance({ name, main: mainOf(role), env: whole, logFile }), (one) => {
      if (without(role, one)) fronts.get(role)!.retire(one.host);
      return one.stop();
    });
  };
  return {
    envOf,
    start,
    instances: (role: Role): readonly ServiceInstance[] => running.get(role)!,
    async add(role: Role): Promise<ServiceInstance> {
      const instance = await start(role);
      // As Cloud Run's startup probe does. A cold emulator takes seconds for its first answer.
      await untilReady(instance);
      running.get(role)!.push(instance);
      fronts.get(role)!.add(instance);
      return instance;
    },
    async kill(role: Role, instance: ServiceInstance): Promise<void> {
      if (without(role, instance)) fronts.get(role)!.kill(instance.host);
      await instance.kill();
    },
  };
}

const READY_WITHIN_MS = 90_000;

async function untilReady({ name, host, ended }: ServiceInstance): Promise<void> {
  const over = AbortSignal.timeout(READY_WITHIN_MS);
  let isOver = false;
  void ended.then(() => (isOver = true));
  let last = 'nothing';
  while (!over.aborted && !isOver) {
    const answer = await fetch(`http://${host}/ready`).catch((error: unknown) => error as Error);
    if (answer instanceof Response) {
      last = await answer.text();
      if (answer.ok) return;
    } else last = answer.message;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  throw new Error(`${name} did not become ready; it said: ${last}`);
}

/** As whoever deploys does it: a link from the command, and a key for the claim in it. */
async function letAdminIn(env: Promise<Record<string, string>>, api: string) {
  const { stdout } = await promisify(execFile)(process.execPath, [mainOf('orchestrator'), 'admin-link', '--json'], {
    env: { PATH: process.env['PATH'], ...(await env) },
  });
  const { admin_email, claim_token } = JSON.parse(stdout) as {
    readonly admin_email: string;
    readonly claim_token: string;
  };
  const answer = await fetch(`${api}/api/v1/claim/${claim_token}`);
  if (!answer.ok) throw new Error(`The claim was answered with ${answer.status}: ${await answer.text()}`);
  const { api_key } = (await answer.json()) as { readonly api_key: string };
  return { admin_email, api_key };
}
