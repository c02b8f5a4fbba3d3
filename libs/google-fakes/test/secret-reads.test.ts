import { credentials, status } from '@grpc/grpc-js';
import { SecretManagerServiceClient } from '@google-cloud/secret-manager';
import { expect, test } from '@jest/globals';
import { accountEmail, createIam, fakeSecretManager, type AccountId, type Deployment } from '@runvoy/google-fakes';

// Nobody looks for a real metadata server from here.
process.env['METADATA_SERVER_DETECTION'] ??= 'none';

const PROJECT = 'my-project';
const DEPLOYMENT: Deployment = {
  project: PROJECT,
  region: 'europe-west1',
  secretsPrefix: 'runvoy-secrets',
  database: 'runvoy',
  eventsTopic: 'runvoy-events',
  logsTopic: 'runvoy-logs',
  deadLetterTopic: 'runvoy-dead-letters',
  processorService: 'runvoy-processor',
  archiveBucket: 'my-archive',
  runLogBucket: 'runvoy-runs',
};

test('the orchestrator makes a secret below the prefix, the intake only reads it, and a job not even that', async () => {
  const iam = createIam(DEPLOYMENT);
  await using fake = fakeSecretManager({ authorize: iam.authorize });
  const open = async (account: AccountId) => {
    const [apiEndpoint, port] = (await fake.listenAs(accountEmail(account, PROJECT))).host.split(':');
    const sslCreds = credentials.createInsecure();
    return new SecretManagerServiceClient({
      apiEndpoint: apiEndpoint as string,
      port: Number(port),
      sslCreds,
      projectId: PROJECT,
    });
  };
  const [orchestrator, intake, job] = [
    await open('runvoy-orchestrator'),
    await open('runvoy-intake'),
    await open('runvoy-job'),
  ];
  const parent = `projects/${PROJECT}`;
  const make = (client: SecretManagerServiceClient, secretId: string) =>
    client.createSecret({ parent, secretId, secret: { replication: { automatic: {} } } });
  await make(orchestrator, 'runvoy-secrets-data-key');
  const secret = `${parent}/secrets/runvoy-secrets-data-key`;
  const payload = { data: Buffer.from('value') };
  await orchestrator.addSecretVersion({ parent: secret, payload });
  const [read] = await intake.accessSecretVersion({ name: `${secret}/versions/1` });
  expect(String(read.payload?.data)).toBe('value');
  const refused = { code: status.PERMISSION_DENIED };
  await expect(make(intake, 'runvoy-secrets-other')).rejects.toMatchObject(refused);
  await expect(intake.addSecretVersion({ parent: secret, payload })).rejects.toMatchObject(refused);
  await expect(job.accessSecretVersion({ name: `${secret}/versions/1` })).rejects.toMatchObject(refused);
  await make(orchestrator, 'of-somebody-else');
  const other = { parent: `${parent}/secrets/of-somebody-else`, payload };
  await expect(orchestrator.addSecretVersion(other)).rejects.toMatchObject(refused);
  await Promise.all([orchestrator.close(), intake.close(), job.close()]);
});
