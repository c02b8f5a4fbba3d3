import type { Authorize } from './authorize.ts';
import { AuditLog } from './cloud-run/audit-log.ts';
import { CompletionEvents } from './cloud-run/completion-events.ts';
import { executionMethods } from './cloud-run/executions.ts';
import { CloudRunFaults } from './cloud-run/faults.ts';
import { jobMethods } from './cloud-run/jobs.ts';
import { Operations } from './cloud-run/operations.ts';
import type { Platform } from './cloud-run/platform.ts';
import { runJobMethod } from './cloud-run/run-job.ts';
import { RunLog } from './cloud-run/run-log.ts';
import { runService } from './cloud-run/run-protos.ts';
import { endSeeded, seedExecution, type SeededEnd, type SeededExecution } from './cloud-run/seeded-execution.ts';
import { CloudRunStore } from './cloud-run/store.ts';
import { taskMethods } from './cloud-run/tasks.ts';
import type { ImageTable } from './containers/image.ts';
import { serveGrpc, type Listening, type RecordedCall, type UnaryMethod } from './grpc-server.ts';
import { serveMetadata } from './identity/metadata-server.ts';
import { createTokenIssuer, type TokenIssuer } from './identity/token-issuer.ts';
import type { LogEntry } from './log-entry.ts';
import { projectNumber } from './project-number.ts';

/** Everything has a default but the project and its images; see `Platform` for what the choices mean. */
export type CloudRunOptions = {
  project: string;
  images: ImageTable;
  /** Region that the metadata servers of tasks name. */
  region?: string;
  authorize?: Authorize;
  issuer?: TokenIssuer;
  /** Gets every entry that the real one writes to Cloud Logging: audit log, container output, the platform's own lines. */
  onLogEntry?: (entry: LogEntry) => void;
} & Partial<Omit<Platform, 'project' | 'projectNumber' | 'images' | 'faults' | 'metadataHost'>>;

/** What may be chosen anew while it runs. */
export type CloudRunChoices = Partial<Pick<Platform, 'ends' | 'mainContainer' | 'pids' | 'images'>>;

/** Cloud Run v2 Jobs, Executions, Tasks and Operations for Google's own clients. It really runs what it is asked to. */
export interface FakeCloudRun extends AsyncDisposable {
  /** Opens a port on which everyone who connects is `account`. */
  listenAs(account?: string): Promise<Listening>;
  readonly faults: CloudRunFaults;
  /** Every call since the start. */
  readonly calls: readonly RecordedCall[];
  /** Kills that container of a running execution (by its short name) as the out-of-memory killer does. */
  runOutOfMemory(execution: string, container: string, taskIndex?: number): void;
  /** For the tasks that start from now on; `images` are added to the table. No task may be running. */
  choose(choices: CloudRunChoices): void;
  /** Puts an execution there that nobody has run, as the newest of all; answers its short name. */
  seed(execution: SeededExecution): string;
  /** Ends one that was put there and lives (by its short name), with its completion event. */
  end(execution: string, how: SeededEnd): void;
  /** Resolves when the execution (by its short name) has its completion time. */
  completed(execution: string): Promise<void>;
  /** Kills every process and closes every port. Nothing outlives it. */
  close(): Promise<void>;
}

export function fakeCloudRun(options: CloudRunOptions): FakeCloudRun {
  requirePossible(options);
  const issuer = options.issuer ?? createTokenIssuer();
  const faults = new CloudRunFaults();
  const metadata = new Map<string, Promise<Listening>>();
  const region = options.region ?? 'europe-west1';
  const number = projectNumber(options.project);
  const platform = platformOf(options, faults, number, async (email) => {
    const identity = { email, project: options.project, projectNumber: number, region };
    const server = metadata.get(email) ?? serveMetadata(issuer, identity);
    metadata.set(email, server);
    return (await server).host;
  });
  const write = options.onLogEntry ?? (() => undefined);
  const store = new CloudRunStore();
  const operations = new Operations();
  const audit = new AuditLog(write, platform.now, number);
  const log = new RunLog(write, platform);
  const events = new CompletionEvents(write, platform.eventLagMs, faults);
  const closing = new AbortController();
  const courses = new Set<Promise<void>>();
  const parts = { platform, store, operations, audit, log, events, close: closing.signal, courses };
  const served: [string, Record<string, UnaryMethod>][] = [
    ['google.cloud.run.v2.Jobs', { ...jobMethods(parts), ...runJobMethod(parts) }],
    ['google.cloud.run.v2.Executions', executionMethods(parts)],
    ['google.cloud.run.v2.Tasks', taskMethods(store)],
    ['google.longrunning.Operations', operations.methods],
  ];
  const services = served.map(([name, methods]) => ({ service: runService(name), methods: faults.holding(methods) }));
  const calls: RecordedCall[] = [];
  const ports: Listening[] = [];

  function find(execution: string) {
    const found = [...store.executions.values()].find((record) =>
      record.execution.name.endsWith(`/executions/${execution}`),
    );
    if (!found) throw new Error(`No execution ${execution} in this fake.`);
    return found;
  }

  async function close(): Promise<void> {
    closing.abort();
    faults.releaseAll();
    events.close();
    await Promise.all(courses);
    await Promise.all(ports.map((port) => port.stop()));
    await Promise.all([...metadata.values()].map(async (server) => (await server).stop()));
  }

  return {
    faults,
    calls,
    close,
    [Symbol.asyncDispose]: close,
    async listenAs(account) {
      const { authorize } = options;
      const port = await serveGrpc(services, {
        account,
        authorize,
        faults: faults.calls,
        record: (call) => calls.push(call),
      });
      ports.push(port);
      return port;
    },
    runOutOfMemory(execution, container, taskIndex = 0) {
      const take = find(execution).running[taskIndex]?.get(container);
      if (!take) throw new Error(`Container ${container} of ${execution} is not running.`);
      take();
    },
    choose(choices) {
      requirePossible(choices);
      Object.assign(platform, choices, { images: { ...platform.images, ...choices.images } });
    },
    seed: (execution) => seedExecution(parts, execution),
    end: (execution, how) => endSeeded(find(execution), parts, how),
    completed: (execution) => find(execution).completed,
  };
}

function requirePossible({ pids, volumes }: Pick<CloudRunOptions, 'pids' | 'volumes'>): void {
  if (pids === 'shared' && process.getuid?.() !== 0)
    throw new Error('Shared process namespaces need root; choose pids: "separate".');
  if (volumes === 'tmpfs' && process.getuid?.() !== 0)
    throw new Error('Volumes with a size need root; choose volumes: "directory".');
}

function platformOf(
  options: CloudRunOptions,
  faults: CloudRunFaults,
  number: string,
  metadataHost: Platform['metadataHost'],
): Platform {
  return {
    project: options.project,
    projectNumber: number,
    images: options.images,
    ends: options.ends ?? 'all-exit',
    mainContainer: options.mainContainer,
    pids: options.pids ?? 'separate',
    cancelEmitsEvent: options.cancelEmitsEvent ?? true,
    killGraceMs: options.killGraceMs ?? 10_000,
    startMs: options.startMs ?? 0,
    completionLagMs: options.completionLagMs ?? 100,
    eventLagMs: options.eventLagMs ?? 100,
    probePeriodMs: options.probePeriodMs,
    volumeMode: options.volumeMode ?? 0o777,
    volumes: options.volumes ?? 'directory',
    loopbackVariable: options.loopbackVariable ?? 'RUNVOY_PROBE_HOST',
    quota: options.quota ?? { runningExecutions: 1000, jobs: 1000 },
    outputLabelsWin: options.outputLabelsWin ?? false,
    jobReadyMs: options.jobReadyMs ?? 0,
    runBeforeReady: options.runBeforeReady ?? 'accept',
    keptExecutions: options.keptExecutions ?? 1000,
    now: options.now ?? Date.now,
    random: options.random ?? Math.random,
    faults,
    metadataHost,
  };
}
