import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { IMAGES, SERVICES, type DeploymentSettings } from '../infra/deployment-settings.ts';
import { googleRest } from '../infra/google-rest.ts';
import type { InfraRun } from '../infra/infra-run.ts';
import type { Ended, ProgramName, Programs, RunOptions } from '../infra/programs.ts';

/** One call of a program. */
export interface Call {
  readonly program: ProgramName;
  readonly args: readonly string[];
  readonly options: RunOptions;
}

interface Service {
  image: string;
  revision: string;
  sidecar: string;
  candidate?: string;
}

const REGISTRY = 'europe-west1-docker.pkg.dev/my-project/runvoy';
const OK: Ended = { status: 0, stdout: '', stderr: '' };
/** Done, and said nothing. */
const also = (_change: unknown): Ended => OK;
const says = (stdout: string): Ended => ({ ...OK, stdout });
export const fails = (stderr: string): Ended => ({ status: 1, stdout: '', stderr });

/**
 * A project as gcloud and Terraform show it to who deploys: what one call makes the next one finds. The API of the deployment answers over
 * HTTP, and lets in who has the token of a hash that the job was given.
 */
export class CloudWorld implements Programs, AsyncDisposable {
  readonly calls: Call[] = [];
  readonly buckets = new Set<string>();
  readonly objects = new Map<string, string>();
  readonly accounts = new Set<string>();
  readonly tags = new Set<string>();
  readonly secretVersions: string[] = [];
  readonly services = new Map<string, Service>();
  readonly jobs = new Set<string>();
  readonly doors = new Set<string>();
  isProtected = true;
  /** What a call answers instead, when this answers something. */
  spoil: (call: Call) => Ended | undefined = () => undefined;
  /** Told after each call. */
  onCall: (call: Call) => void = () => undefined;
  readonly folder = mkdtempSync(join(tmpdir(), 'runvoy-world-'));
  readonly said: string[] = [];
  readonly slept: number[] = [];
  readonly tried: string[] = [];
  /** What the smoke test of an address answers. */
  smoke: (address: string) => void = () => undefined;
  readonly interruptions = { isInterrupted: false };
  #api: Server | undefined;
  url = '';

  async open(): Promise<this> {
    this.#api = createServer((request, response) => {
      const answer = (status: number, body: object) =>
        response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
      const { url = '', headers } = request;
      if (url.endsWith('/health')) return answer(200, { status: 'ok' });
      if (url.includes('/claim/')) {
        const hash = createHash('sha256').update(url.split('/claim/')[1]!).digest('hex');
        if (!this.doors.delete(hash)) return answer(404, { error: 'claim not found', code: 'CLAIM_NOT_FOUND' });
        return answer(200, { api_key: 'key-of-the-admin', user_email: 'you@example.com', message: 'ok' });
      }
      if (headers['x-api-key'] !== 'key-of-the-admin') return answer(401, { error: 'no', code: 'UNAUTHENTICATED' });
      if (url.endsWith('/report')) {
        return answer(200, {
          status: 'ok',
          report: { timestamp: '2026-11-29T00:00:00Z', error_count: 0, reconciled_count: 2 },
        });
      }
      return answer(200, { email: 'you@example.com' });
    }).listen(0, '127.0.0.1');
    await once(this.#api, 'listening');
    this.url = `http://127.0.0.1:${(this.#api.address() as AddressInfo).port}`;
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#api?.close();
    this.#api?.closeAllConnections();
    rmSync(this.folder, { recursive: true });
  }

  /** One `runvoy infra` in this world. */
  infra(settings: Partial<DeploymentSettings> = {}): InfraRun {
    this.interruptions.isInterrupted = false;
    let drawn = 0;
    return {
      settings: {
        project: 'my-project',
        region: 'europe-west1',
        admin: 'you@example.com',
        version: '0.1.0',
        stateBucket: 'my-project-terraform',
        variables: {},
        ...settings,
      },
      programs: this,
      interruptions: this.interruptions,
      google: async () => googleRest('token'),
      folder: join(this.folder, 'infra'),
      checkout: '/checkout',
      profile: undefined,
      env: { RUNVOY_CONFIG: this.config },
      say: (line) => void this.said.push(line),
      random: (count) => Buffer.alloc(count, 7 + this.calls.length + drawn++),
      sleep: async (ms) => void this.slept.push(ms),
      smoke: async (address, _key, websocketUrl) => {
        this.tried.push([address, websocketUrl].filter(Boolean).join(' '));
        this.smoke(address);
      },
    };
  }

  get config(): string {
    return join(this.folder, 'config.yaml');
  }

  get configText(): string {
    return existsSync(this.config) ? readFileSync(this.config, 'utf8') : '';
  }

  /** Each call as a line, without what every gcloud is told. */
  lines(program?: ProgramName): readonly string[] {
    return this.calls.flatMap(({ program: one, args }) =>
      program === undefined || program === one
        ? [`${one} ${args.join(' ')}`.replace(/ --project my-project --quiet$/, '')]
        : [],
    );
  }

  async run(program: ProgramName, args: readonly string[], options: RunOptions = {}): Promise<Ended> {
    const call = { program, args, options };
    this.calls.push(call);
    const ended = this.spoil(call) ?? (program === 'terraform' ? this.#terraform(args) : this.#gcloud(args, options));
    this.onCall(call);
    return ended;
  }

  #terraform(args: readonly string[]): Ended {
    const targets = args.filter((arg) => arg.startsWith('-target='));
    const isThere = this.services.size > 0;
    switch (args[0]) {
      case 'apply':
        if (targets.length === 0 && !isThere) {
          for (const name of SERVICES)
            this.services.set(name, {
              image: `${REGISTRY}/${imageOf(name)}:0.1.0`,
              revision: `${name}-1`,
              sidecar: `${REGISTRY}/sidecar:0.1.0`,
            });
        }
        return OK;
      case 'output':
        return says(
          JSON.stringify(isThere ? { api_url: { value: this.url }, load_balancer_address: { value: null } } : {}),
        );
      case 'show':
        return says(JSON.stringify(this.#state()));
      case 'destroy':
        this.services.clear();
        return OK;
      default:
        return OK;
    }
  }

  #state(): object {
    if (this.services.size === 0) return { format_version: '1.0' };
    const address = 'module.runvoy.module.firestore.google_firestore_database.runvoy';
    const values = {
      delete_protection_state: this.isProtected ? 'DELETE_PROTECTION_ENABLED' : 'DELETE_PROTECTION_DISABLED',
    };
    return { values: { root_module: { child_modules: [{ child_modules: [{ resources: [{ address, values }] }] }] } } };
  }

  #gcloud(args: readonly string[], { input }: RunOptions): Ended {
    const line = args.join(' ');
    const value = (flag: string) => args[args.indexOf(flag) + 1] ?? '';
    const bucketIn = (text: string) => text.replace('gs://', '').split('/')[0]!;
    if (line.startsWith('auth print-access-token')) return says('token\n');
    if (line.startsWith('storage cat')) {
      const text = this.objects.get(args[2]!);
      return text === undefined ? fails('ERROR: The following URLs matched no objects or files: x') : says(text);
    }
    if (line.startsWith('storage cp')) return also(this.objects.set(args[3]!, readFileSync(args[2]!, 'utf8')));
    if (line.startsWith('storage rm gs://')) return also(this.objects.delete(args[2]!));
    if (line.startsWith('storage rm')) return also(this.buckets.delete(bucketIn(args[3]!)));
    if (line.startsWith('storage buckets list')) return listed(this.buckets, value('--filter'));
    if (line.startsWith('storage buckets create')) return also(this.buckets.add(bucketIn(args[3]!)));
    if (line.startsWith('iam service-accounts list')) return listed(this.accounts, value('--filter'));
    if (line.startsWith('iam service-accounts create')) {
      return also(this.accounts.add(`${args[3]}@my-project.iam.gserviceaccount.com`));
    }
    if (line.startsWith('iam service-accounts delete')) return also(this.accounts.delete(args[3]!));
    if (line.startsWith('artifacts docker images list')) {
      return says(
        JSON.stringify([...this.tags].map((tag) => ({ package: tag.split(':')[0], tags: [tag.split(':')[1]] }))),
      );
    }
    if (line.startsWith('builds submit')) {
      const [, release] = /_RELEASE=([^,]+)/.exec(line)!;
      for (const image of IMAGES) this.tags.add(`${REGISTRY}/${image}:${release}`);
      return OK;
    }
    if (line.startsWith('secrets versions list'))
      return says(this.secretVersions.map((_, at) => `${at + 1}\n`).join(''));
    if (line.startsWith('secrets versions add')) return also(this.secretVersions.push(input ?? ''));
    if (line.startsWith('secrets list')) return says('projects/1/secrets/runvoy-secrets-data-key\n');
    if (line.startsWith('run jobs execute')) return also(this.doors.add(/--claim-hash=(\w+)/.exec(line)![1]!));
    if (line.startsWith('run jobs list')) return says([...this.jobs].join('\n'));
    if (line.startsWith('run jobs delete')) return also(this.jobs.delete(args[3]!));
    if (line.startsWith('run services list'))
      return says(JSON.stringify([...this.services].map((row) => this.#described(...row))));
    if (line.startsWith('run deploy')) {
      const service = this.services.get(args[2]!.replace('runvoy-', ''))!;
      service.candidate = value('--image');
      service.sidecar = value('--update-env-vars').split('=')[1]!;
      return OK;
    }
    if (line.startsWith('run services update-traffic')) {
      const service = this.services.get(args[3]!.replace('runvoy-', ''))!;
      if (line.includes('--to-latest')) Object.assign(service, { image: service.candidate, revision: 'new' });
      else Object.assign(service, { revision: /--to-revisions (.*)=100/.exec(line)![1] });
      return OK;
    }
    return OK;
  }

  #described(name: string, { image, revision, sidecar, candidate }: Service): object {
    const tagged = candidate === undefined ? [] : [{ tag: 'candidate', url: `${this.url}/`, revisionName: 'new' }];
    return {
      metadata: { name: `runvoy-${name}`, annotations: { 'run.googleapis.com/urls': JSON.stringify([this.url]) } },
      spec: {
        template: {
          spec: {
            containers: [{ image: candidate ?? image, env: [{ name: 'RUNVOY_GCP_SIDECAR_IMAGE', value: sidecar }] }],
          },
        },
      },
      status: {
        url: this.url,
        latestCreatedRevisionName: candidate === undefined ? revision : 'new',
        conditions: [{ type: 'Ready', status: 'True' }],
        traffic: [{ revisionName: revision, percent: 100 }, ...tagged],
      },
    };
  }
}

const imageOf = (service: string): string => (service === 'intake' ? 'processor' : service);

/** What a filter `name=x` of a list leaves. */
function listed(all: ReadonlySet<string>, filter: string): Ended {
  const wanted = filter.split('=')[1]!;
  return says(all.has(wanted) ? `${wanted}\n` : '');
}
