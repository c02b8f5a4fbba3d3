import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { FrontEnd } from '@runvoy/google-fakes';
import type { Closing } from './closing.ts';
import { environmentOf, newSigningKey, ROLES, type Deployment, type Role, type Urls } from './deployment.ts';
import type { Google } from './google.ts';
import { startInstance, type ServiceInstance } from './service-process.ts';
import type { Upkeep } from './upkeep.ts';

export interface FleetOptions {
  /** Where the logs of the services go. */
  readonly dataDir: string;
  /** Added to the environment of every service. */
  readonly env?: Readonly<Record<string, string>>;
  /** A directory that tools/image/bundle.ts has written: the services are started from it, as an image does, instead of from their sources. */
  readonly bundles?: string | undefined;
  /** Starts instances that end by themselves again, and tells of it; without it they stay away. */
  readonly onNotice?: (text: string) => void;
}

/** What the instances stand behind, and what they are told. */
export interface FleetParts {
  readonly deployment: Deployment;
  readonly google: Google;
  readonly fronts: ReadonlyMap<Role, FrontEnd>;
  readonly urls: Urls;
  readonly webUrl: string | undefined;
  readonly upkeep: Upkeep;
}

/** The program of a service: intake is the processor with other routes. */
export function mainOf(role: Role, bundles?: string): string {
  const service = role === 'intake' ? 'processor' : role;
  if (bundles !== undefined) return join(bundles, service, 'main.mjs');
  return fileURLToPath(new URL(`../../services/${service}/src/main.ts`, import.meta.url));
}

/** The instances of all services. */
export function newFleet(options: FleetOptions, closing: Closing, parts: FleetParts) {
  const { deployment, google, fronts, urls, webUrl, upkeep } = parts;
  const signingKey = newSigningKey();
  const running = new Map<Role, ServiceInstance[]>(ROLES.map((role) => [role, []]));
  const environments = new Map<Role, Promise<Record<string, string>>>();
  let started = 0;

  const envOf = (role: Role) => {
    const known =
      environments.get(role) ??
      google.endpointsOf(role).then((endpoints) => ({
        ...environmentOf(deployment, role, { endpoints, urls, signingKey, webUrl }),
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
  const logOf = (name: string) => join(options.dataDir, `${name}.log`);
  const start = async (role: Role, env: Readonly<Record<string, string>> = {}) => {
    const name = `${role}-${++started}`;
    const logFile = logOf(name);
    const whole = { ...(await envOf(role)), ...env };
    const hearsTerminal = options.onNotice === undefined;
    const opening = startInstance({ name, main: mainOf(role, options.bundles), env: whole, logFile, hearsTerminal });
    return closing.add(opening, (one) => {
      if (without(role, one)) fronts.get(role)!.retire(one.host);
      return one.stop();
    });
  };
  /** Whoever ends an instance takes it from the list first: one that is still there has ended by itself. */
  const watch = async (role: Role, instance: ServiceInstance) => {
    const end = await instance.ended;
    if (!without(role, instance)) return;
    fronts.get(role)!.kill(instance.host);
    if (options.onNotice === undefined) return;
    const { name } = instance;
    await upkeep.lost(role, { name, end, tail: instance.tail(), logFile: logOf(name) });
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
      void watch(role, instance);
      return instance;
    },
    async kill(role: Role, instance: ServiceInstance): Promise<void> {
      if (without(role, instance)) fronts.get(role)!.kill(instance.host);
      await instance.kill();
    },
  };
}

const READY_WITHIN_MS = 90_000;

async function untilReady({ name, host, ended, tail }: ServiceInstance): Promise<void> {
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
  throw new Error(`${name} did not become ready; it answered: ${last}. The end of its log:\n${tail()}`);
}
