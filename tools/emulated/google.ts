import { PubSub } from '@google-cloud/pubsub';
import {
  createIam,
  createTokenIssuer,
  fakeAccounts,
  fakeCloudRun,
  fakeLogging,
  fakeScheduler,
  fakeSecretManager,
  fakeStorage,
  openAuditTrigger,
  openPush,
  serveCerts,
  serveMetadata,
  startFirestoreEmulator,
  startPubSubEmulator,
  type CloudRunOptions,
  type FakeAccounts,
  type FakeCloudRun,
  type FakeLogging,
  type FakeStorage,
  type Iam,
  type Conveyor,
  type LogEntry,
  type OpenPush,
  type OpenTrigger,
  type RecordedCall,
  type TokenIssuer,
} from '@runvoy/google-fakes';
import { REGION, RUN_LOG_BUCKET, TOPICS, type Deployment, type Endpoints, type Role, type Urls } from './deployment.ts';
import type { Closing } from './closing.ts';
import { openSchedules, type Schedules } from './schedules.ts';
import { SINK_FILTERS } from './sink-filters.ts';

/** Google's part of the stack. */
export interface Google {
  /** Every call of a service is checked against the table that Terraform's roles are made from. */
  readonly iam: Iam;
  readonly cloudRun: FakeCloudRun;
  /** What each service is given: everywhere it is itself. */
  endpointsOf(role: Role): Promise<Endpoints>;
  /** Opens what brings events to these addresses. */
  openDoors(urls: Pick<Urls, 'processor'>): Promise<Doors>;
  /** Makes Google's ID tokens, wrong ones too. */
  readonly issuer: TokenIssuer;
  /** Every call of Secret Manager since the start. */
  readonly secretCalls: readonly RecordedCall[];
  readonly logging: FakeLogging;
  /** The archive's bucket. */
  readonly storage: FakeStorage;
  /** The accounts that exist, for who may ask. */
  readonly serviceAccounts: FakeAccounts;
  /** What the sinks send on, and what may happen to it on its way. */
  readonly sinks: Readonly<Record<'events' | 'logs', Conveyor<LogEntry>>>;
}

/** The subscriptions, the trigger and the schedules of a deployment. */
export interface Doors {
  readonly events: OpenPush;
  readonly logs: OpenPush;
  readonly deadLetters: OpenPush;
  readonly eventarc: OpenTrigger;
  readonly schedules: Schedules;
}

export type GoogleOptions = Omit<CloudRunOptions, 'project' | 'onLogEntry' | 'issuer'>;

/** `host:port` of emulators that run already, and outlive the stack. */
export interface RunningEmulators {
  readonly firestore: string;
  readonly pubsub: string;
}

/** Starts the official emulators, unless there are some, and the fakes of what has none. `closing` ends all of it. */
export async function startGoogle(
  closing: Closing,
  deployment: Deployment,
  {
    emulators,
    onEmulatorEnd = () => undefined,
    ...options
  }: GoogleOptions & {
    readonly emulators?: RunningEmulators | undefined;
    /** Told when an emulator ended that nobody ended, with the end of what it printed. */
    readonly onEmulatorEnd?: ((name: string, printed: string) => void) | undefined;
  },
): Promise<Google> {
  const { project, accounts } = deployment;
  const { firestore, pubsub } = emulators ?? (await startEmulators(closing, onEmulatorEnd));
  const issuer = createTokenIssuer();
  const mintToken = (account: string, audience: string) => issuer.idToken(account, audience);
  const certs = await closing.add(serveCerts(issuer), (server) => server.stop());
  const client = new PubSub({ projectId: project, apiEndpoint: pubsub, emulatorMode: true });
  await closing.add(Promise.resolve(client), () => client.close());
  for (const topic of Object.values(TOPICS)) await client.createTopic(topic);

  const archiveBucket = `${project}-runvoy-archive`;
  const iam = createIam({
    project,
    region: REGION,
    secretsPrefix: 'runvoy-secrets',
    database: 'runvoy',
    eventsTopic: TOPICS.events,
    logsTopic: TOPICS.logs,
    deadLetterTopic: TOPICS.deadLetters,
    processorService: 'runvoy-processor',
    archiveBucket,
    runLogBucket: RUN_LOG_BUCKET,
  });
  const { authorize } = iam;
  const logging = fakeLogging({ emulatorHost: pubsub, authorize });
  await closing.add(Promise.resolve(logging), () => logging[Symbol.asyncDispose]());
  const sinks = {
    events: await logging.addSink({
      name: 'runvoy-events',
      project,
      topic: TOPICS.events,
      filter: SINK_FILTERS.events,
    }),
    logs: await logging.addSink({ name: 'runvoy-logs', project, topic: TOPICS.logs, filter: SINK_FILTERS.logs }),
  };
  const cloudRun = fakeCloudRun({
    region: REGION,
    ...options,
    project,
    issuer,
    authorize,
    onLogEntry: (entry) => logging.write(entry),
  });
  await closing.add(Promise.resolve(cloudRun), () => cloudRun.close());
  const secrets = fakeSecretManager({ authorize });
  await closing.add(Promise.resolve(secrets), () => secrets[Symbol.asyncDispose]());
  const storage = fakeStorage({ buckets: [archiveBucket], authorize });
  await closing.add(Promise.resolve(storage), () => storage[Symbol.asyncDispose]());
  // What it is asked here only whoever deploys asks: the table is about the services.
  const scheduler = fakeScheduler({ mintToken });
  await closing.add(Promise.resolve(scheduler), () => scheduler[Symbol.asyncDispose]());

  const serviceAccounts = fakeAccounts({ project, accounts: Object.values(accounts), authorize });
  await closing.add(Promise.resolve(serviceAccounts), () => serviceAccounts[Symbol.asyncDispose]());

  return {
    iam,
    issuer,
    serviceAccounts,
    secretCalls: secrets.calls,
    cloudRun,
    logging,
    storage,
    sinks,
    async endpointsOf(role) {
      const account = accounts[role];
      const identity = { email: account, project, projectNumber: '1', region: REGION };
      const metadata = await closing.add(serveMetadata(issuer, identity), (server) => server.stop());
      return {
        firestore,
        pubsub,
        run: (await cloudRun.listenAs(account)).host,
        secretManager: (await secrets.listenAs(account)).host,
        logging: (await logging.listenAs(account)).host,
        storage: (await storage.listenAs(account)).host,
        scheduler: (await scheduler.listenAs(account)).host,
        certs: certs.host,
        iam: (await serviceAccounts.listenAs(account)).host,
        metadata: metadata.host,
      };
    },
    async openDoors(urls) {
      // What was put aside is put aside nowhere else: it comes again until it is stored.
      const open = (topic: string, path: string, maximumBackoffS: number, canDie = true) =>
        closing.add(
          openPush(
            {
              project,
              topic,
              subscription: `${topic}-push`,
              pushEndpoint: urls.processor + path,
              oidcToken: { serviceAccountEmail: accounts.caller, audience: urls.processor },
              maximumBackoffS,
              ...(canDie && { deadLetter: { topic: TOPICS.deadLetters, maxDeliveryAttempts: 100 } }),
            },
            { emulatorHost: pubsub, mintToken },
          ),
          (push) => push.stop(),
        );
      const trigger = {
        serviceName: 'run.googleapis.com',
        methodName: '/Jobs.RunJob',
        destination: `${urls.processor}/events`,
        serviceAccount: accounts.caller,
        audience: urls.processor,
      };
      return {
        events: await open(TOPICS.events, '/events', 600),
        logs: await open(TOPICS.logs, '/events/logs', 60),
        deadLetters: await open(TOPICS.deadLetters, '/events/dead-letters', 600, false),
        eventarc: await closing.add(Promise.resolve(openAuditTrigger(trigger, { logging, mintToken })), (one) =>
          one.stop(),
        ),
        schedules: await openSchedules(scheduler, deployment, urls.processor),
      };
    },
  };
}

async function startEmulators(
  closing: Closing,
  onEnd: (name: string, printed: string) => void,
): Promise<RunningEmulators> {
  const [firestore, pubsub] = await Promise.all([
    closing.add(startFirestoreEmulator(), (emulator) => emulator.stop()),
    closing.add(startPubSubEmulator(), (emulator) => emulator.stop()),
  ]);
  firestore.ended.addEventListener('abort', () => onEnd('Firestore', firestore.printed()));
  pubsub.ended.addEventListener('abort', () => onEnd('Pub/Sub', pubsub.printed()));
  return { firestore: firestore.host, pubsub: pubsub.host };
}
