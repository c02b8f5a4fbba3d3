import { systemClock } from '@runvoy/core';
import type { Archive, CallerVerifier, HealthProbe, SecretVault } from '@runvoy/core';
import { openStorageArchive } from './archive.ts';
import { openGoogleCallerVerifier } from './caller-verifier.ts';
import type { GcpConfig } from './config.ts';
import { openHealthProbe } from './health-probe.ts';
import { openPubSubEventBus, type PubSubEventBus } from './event-bus.ts';
import { openCloudRunJobRunner, type CloudRunJobRunner } from './job-runner.ts';
import { openFirestoreRecords, type FirestoreRecords } from './records.ts';
import { openSecretManagerVault } from './secret-vault.ts';

/** Each port of a deployment, opened as its configuration says by whoever needs it. */
export interface GcpPorts {
  records(): FirestoreRecords;
  archive(): Archive;
  vault(): SecretVault;
  jobs(): CloudRunJobRunner;
  /** What it may see and repair, the account it runs as decides. */
  probe(rights: { readonly readsAccounts: boolean }): HealthProbe & AsyncDisposable;
  bus(): PubSubEventBus;
  /** `iam` only behind a Cloud Run that lets in nobody but callers it has checked. */
  callers(check: GcpConfig['callerCheck']): CallerVerifier;
}

/** Opens nothing by itself, and what it opens asks nothing of Google before its first use. */
export function gcpPorts(config: GcpConfig): GcpPorts {
  const { project } = config;
  const cloudRun = {
    project,
    region: config.jobDefaultRegion,
    serviceAccounts: config.jobServiceAccounts,
    defaultServiceAccount: config.jobDefaultServiceAccount,
    sidecarImage: config.sidecarImage,
    intakeUrl: config.intakeUrl,
    vpcConnector: config.vpcConnector,
    vpcEgress: config.vpcEgress,
    runEndpoint: config.runEndpoint,
    clock: systemClock,
    random: Math.random,
  };
  return {
    records: () =>
      openFirestoreRecords({
        projectId: project,
        databaseId: config.firestoreDatabase,
        collectionPrefix: config.firestoreCollectionPrefix,
        host: config.firestoreEndpoint,
      }),
    archive: () =>
      openStorageArchive({
        project,
        bucket: config.archiveBucket,
        endpoint: config.storageEndpoint,
        clock: systemClock,
      }),
    vault: () =>
      openSecretManagerVault({
        project,
        prefix: config.secretsPrefix,
        kmsKey: config.secretsKmsKey,
        endpoint: config.secretManagerEndpoint,
        clock: systemClock,
      }),
    jobs: () =>
      openCloudRunJobRunner({ ...cloudRun, logView: config.logView, loggingEndpoint: config.loggingEndpoint }),
    probe: (rights) =>
      openHealthProbe({
        ...rights,
        ...cloudRun,
        secretsPrefix: config.secretsPrefix,
        kmsKey: config.secretsKmsKey,
        secretManagerEndpoint: config.secretManagerEndpoint,
        iamEndpoint: config.iamEndpoint,
      }),
    bus: () => openPubSubEventBus({ project, topic: config.eventsTopic, endpoint: config.pubsubEndpoint }),
    callers: (check) => openGoogleCallerVerifier({ check, certsEndpoint: config.certsEndpoint, clock: systemClock }),
  };
}
