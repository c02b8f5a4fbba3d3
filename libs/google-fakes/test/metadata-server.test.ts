import { request } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createTokenIssuer, serveMetadata, type Listening } from '@runvoy/google-fakes';
import { googleAuthLibrary } from 'google-gax';

const EMAIL = 'runvoy-orchestrator@my-project.iam.gserviceaccount.com';
const ACCOUNT = '/computeMetadata/v1/instance/service-accounts/default';
const issuer = createTokenIssuer();
let server: Listening;
const before = process.env['GCE_METADATA_HOST'];
beforeAll(async () => {
  const identity = { email: EMAIL, project: 'my-project', projectNumber: '123', region: 'europe-west1' };
  server = await serveMetadata(issuer, identity);
  process.env['GCE_METADATA_HOST'] = server.host;
});
afterAll(async () => {
  if (before === undefined) delete process.env['GCE_METADATA_HOST'];
  else process.env['GCE_METADATA_HOST'] = before;
  await server.stop();
});

describe('a process with GCE_METADATA_HOST', () => {
  test('gets an access token of its account through Application Default Credentials', async () => {
    const token = await new googleAuthLibrary.Compute().getAccessToken();
    expect(issuer.emailOf(token.token ?? '')).toBe(EMAIL);
  });

  test('gets an ID token for the audience it names', async () => {
    const token = await new googleAuthLibrary.Compute().fetchIdToken('https://intake.example.com');
    const claims = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as object;
    expect(claims).toMatchObject({ email: EMAIL, aud: 'https://intake.example.com', email_verified: true });
  });
});

describe('the metadata server', () => {
  test('answers nobody without its header, nor through a proxy', async () => {
    expect(await statusOf(`${ACCOUNT}/token`, {})).toBe(403);
    expect(await statusOf(`${ACCOUNT}/token`, { 'Metadata-Flavor': 'Google', 'X-Forwarded-For': '10.0.0.1' })).toBe(
      403,
    );
    expect(await statusOf(`${ACCOUNT}/token`, { 'Metadata-Flavor': 'Google' })).toBe(200);
  });

  test('gives no ID token without an audience, and none of another account', async () => {
    const headers = { 'Metadata-Flavor': 'Google' };
    expect(await statusOf(`${ACCOUNT}/identity`, headers)).toBe(404);
    const other = ACCOUNT.replace('default', 'other@my-project.iam.gserviceaccount.com');
    expect(await statusOf(`${other}/token`, headers)).toBe(404);
  });
});

function statusOf(path: string, headers: Record<string, string>): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const asked = request(`http://${server.host}${path}`, { headers, agent: false }, (answer) => {
      answer.resume();
      resolve(answer.statusCode);
    });
    asked.on('error', reject).end();
  });
}
