import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { apply } from '../infra/apply.ts';
import { APPLY_STEPS } from '../infra/apply-steps.ts';
import { destroy, expectUnprotected } from '../infra/destroy.ts';
import { failed } from '../infra/doctor/finding.ts';
import { InfraProblem } from '../infra/infra-problem.ts';
import { settingsBesideState, settingsHere } from '../infra/saved-settings.ts';
import { infraStatus, isWell, statusLines } from '../infra/status.ts';
import { CloudWorld, fails, type Call } from './cloud-world.ts';
import { checkedCommands, withSdk, withoutSdk } from './gcloud-commands.ts';

/** Every gcloud that was called here, for the last test. */
const called = new Set<string>();

let world: CloudWorld;
beforeEach(async () => void (world = await new CloudWorld().open()));
afterEach(async () => {
  for (const { program, args } of world.calls) if (program === 'gcloud') called.add(args.join(' '));
  await world[Symbol.asyncDispose]();
});

const isCall = (words: string) => (call: Call) => `${call.program} ${call.args.join(' ')}`.includes(words);
const failOn = (words: string, stderr: string, times = Infinity) => {
  let left = times;
  world.spoil = (call) => (isCall(words)(call) && left-- > 0 ? fails(stderr) : undefined);
};
/** Calls that make or change something. */
const changes = () => world.lines().filter((line) => !/ (?:list|cat|show|output|describe|auth|init)\b/.test(line));
const problemOf = async (work: Promise<unknown>) => {
  const problem = await work.catch((error: unknown) => error);
  expect(problem).toBeInstanceOf(InfraProblem);
  return (problem as InfraProblem).message;
};

describe('apply', () => {
  test('changes nothing while doctor has found what is in the way', async () => {
    const finding = failed('billing', 'is off', 'gcloud billing projects link my-project');
    const message = await problemOf(apply(world.infra(), [finding]));
    expect(message).toContain('Nothing was changed');
    expect(message).toContain('fix: gcloud billing projects link my-project');
    expect(world.calls).toEqual([]);
  });

  test('begins for what it repairs by itself, in an empty project brings everything up, and tries it', async () => {
    const off = { ...failed('APIs', 'run.googleapis.com is off', 'x'), isRepairedByApply: true };
    await apply(world.infra(), [off]);
    expect([...world.buckets]).toEqual(['my-project-terraform', 'my-project-runvoy-build']);
    expect(world.tags.size).toBe(4);
    expect(world.secretVersions).toEqual([expect.stringMatching(/^k1:[0-9a-f]{64}$/)]);
    expect(world.services.size).toBe(4);
    expect(world.tried).toEqual([world.url]);
    expect(world.configText).toBe(`api_endpoint: ${world.url}\napi_key: key-of-the-admin\n`);
    const order = world
      .lines()
      .flatMap(
        (line) =>
          /^(?:gcloud (?:storage buckets create|builds|secrets versions add|run jobs)|terraform (?:init|apply.*))/.exec(
            line,
          ) ?? [],
      );
    const applied = 'terraform apply -auto-approve -input=false -no-color';
    expect(order).toEqual([
      'gcloud storage buckets create',
      'terraform init',
      `${applied} -target=module.runvoy.module.project_services -target=module.runvoy.module.artifact_registry`,
      'gcloud storage buckets create',
      'gcloud builds',
      `${applied} -target=module.runvoy.module.secrets`,
      'gcloud secrets versions add',
      applied,
      'gcloud run jobs',
    ]);
  });

  test('lets no key or token be seen: not in an argument, not in a file, not in what it says', async () => {
    await apply(world.infra(), []);
    const [key] = world.secretVersions;
    const hash = /--claim-hash=(\w+)/.exec(world.lines().join('\n'))![1]!;
    const seen = JSON.stringify([
      world.lines(),
      world.said,
      [...world.objects],
      readFileSync(join(world.folder, 'infra/main.tf.json'), 'utf8'),
    ]);
    expect(seen).not.toContain(key!.slice(3));
    expect(seen).not.toContain('key-of-the-admin');
    // Whoever reads the hash has no token: it is no token itself.
    const claimed = await fetch(`${world.url}/api/v1/claim/${hash}`, { method: 'POST' });
    expect(claimed.status).toBe(404);
    expect(world.doors.size).toBe(0);
    expect(createHash('sha256').update(hash).digest('hex')).not.toBe(hash);
  });

  test('a second time builds, adds and lets in nothing again', async () => {
    await apply(world.infra(), []);
    world.calls.length = 0;
    await apply(world.infra(), []);
    const again = changes().filter((line) => !/^terraform apply|services enable|--versioning|storage cp/.test(line));
    expect(again).toEqual([]);
    expect(world.secretVersions).toHaveLength(1);
    expect(world.said).toContain('you@example.com has a key already (no --profile needed)');
  });

  test('interrupted after any call, it stops there, and goes on when it is repeated', async () => {
    await apply(world.infra(), []);
    const whole = world.calls.length;
    expect(whole).toBeGreaterThan(25);
    for (let stop = 1; stop < whole; stop += 3) {
      await using other = await new CloudWorld().open();
      const run = other.infra();
      other.onCall = () => void (other.interruptions.isInterrupted = other.calls.length >= stop);
      const stopped = await apply(run, []).catch((error: Error) => error);
      // Behind the last program there is nothing left to interrupt.
      expect([stop, stopped instanceof InfraProblem && stopped.message.includes('goes on from here')]).toEqual([
        stop,
        true,
      ]);
      expect(other.calls.length).toBeLessThanOrEqual(stop + 1);
      other.onCall = () => undefined;
      await apply(other.infra(), []);
      expect([stop, other.services.size, other.secretVersions.length, other.tags.size]).toEqual([stop, 4, 1, 4]);
      expect(other.configText).toContain('key-of-the-admin');
    }
  });

  test('with published images builds nothing, and makes no builder', async () => {
    await apply(world.infra({ images: 'europe-west1-docker.pkg.dev/published/runvoy' }), []).catch(() => undefined);
    expect(world.lines().filter((line) => /builds submit|runvoy-build/.test(line))).toEqual([]);
    expect(JSON.parse(readFileSync(join(world.folder, 'infra/main.tf.json'), 'utf8'))).toMatchObject({
      module: { runvoy: { images: { sidecar: 'europe-west1-docker.pkg.dev/published/runvoy/sidecar:0.1.0' } } },
    });
  });

  test('with keys of its own makes Google’s agents first', async () => {
    await apply(world.infra({ variables: { kms_stores: ['secrets', 'storage', 'pubsub'] } }), []);
    const made = world.lines('gcloud').filter((line) => line.includes('services identity create'));
    expect(made.map((line) => line.split(' ').at(-1))).toEqual([
      'secretmanager.googleapis.com',
      'pubsub.googleapis.com',
    ]);
  });

  test('waits for an account that Google does not know yet, and not for one that may not be granted', async () => {
    failOn('add-iam-policy-binding runvoy', 'Service account runvoy-build@… does not exist.', 2);
    await apply(world.infra(), []);
    expect(world.slept).toEqual([10_000, 10_000]);
    world.tags.clear();
    failOn('add-iam-policy-binding runvoy', 'PERMISSION_DENIED');
    expect(await problemOf(apply(world.infra(), []))).toContain('PERMISSION_DENIED');
    expect(world.slept).toHaveLength(2);
  });

  test('lets Terraform go on in a minute where Google does not know yet what it has made', async () => {
    let left = 2;
    world.spoil = ({ program, args }) =>
      program === 'terraform' && args[0] === 'apply' && args.length === 4 && left-- > 0
        ? fails('Error: Cannot find metric that matches type = "logging.googleapis.com/user/x"')
        : undefined;
    await apply(world.infra(), []);
    expect(world.slept).toEqual([60_000, 60_000]);
    expect(world.services.size).toBe(4);
  });

  test('says what Terraform said when it fails, and in which step', async () => {
    failOn('terraform apply -auto-approve -input=false -no-color -target=module.runvoy.module.secrets', 'Error: quota');
    const message = await problemOf(apply(world.infra(), []));
    expect(message).toMatch(
      /terraform apply failed:\nError: quota\n\(in step 7, signing key; the same command goes on from there\)/,
    );
    expect(world.secretVersions).toEqual([]);
  });

  test('says how a state that is locked by an apply that was killed is unlocked', async () => {
    failOn('terraform apply', 'Error: Error acquiring the state lock\nLock Info:\n  ID:        1732800000000000\n');
    const message = await problemOf(apply(world.infra(), []));
    expect(message).toContain(`terraform -chdir=${join(world.folder, 'infra')} force-unlock 1732800000000000`);
  });

  test('concludes nothing from a list that could not be read', async () => {
    for (const list of ['buckets list', 'images list', 'service-accounts list', 'versions list', 'services list']) {
      failOn(list, `ERROR: ${list} did not answer`);
      expect(await problemOf(apply(world.infra(), []))).toContain(`${list} did not answer`);
      expect([list, world.secretVersions.length]).toEqual([list, list === 'services list' ? 1 : 0]);
    }
  });

  test('tries the job that lets the first admin in again, and at last says where it says why', async () => {
    failOn('run jobs execute', 'ERROR: (gcloud.run.jobs.execute) The execution failed.', 1);
    await apply(world.infra(), []);
    expect([world.slept, world.configText.includes('key-of-the-admin')]).toEqual([[20_000], true]);
    writeFileSync(world.config, '');
    failOn('run jobs execute', 'ERROR: The execution failed.');
    expect(await problemOf(apply(world.infra(), []))).toContain('gcloud logging read');
  });

  test('keeps the key of another server, and puts this one’s into a profile', async () => {
    writeFileSync(world.config, 'api_endpoint: https://other.example.com\napi_key: other\n');
    await apply(world.infra(), []);
    expect(world.configText).toContain('api_key: other');
    expect(world.configText).toContain(`profiles:\n  my-project:\n    api_endpoint: ${world.url}\n`);
  });

  test('with a smoke test that fails says what was not so', async () => {
    world.smoke = () => {
      throw new Error('The log should be complete; it is gaps, of 3 lines.');
    };
    const message = await problemOf(apply(world.infra(), []));
    expect(message).toContain(`The smoke test failed at ${world.url}. The log should be complete`);
    expect(message).toContain('runvoy infra status --project my-project');
  });
});

describe('an apply of another version', () => {
  const revisions = () => [...world.services].map(([name, { revision }]) => `${name} ${revision}`);
  const shifts = () => world.lines('gcloud').filter((line) => line.includes('update-traffic'));
  const old = ['orchestrator orchestrator-1', 'processor processor-1', 'intake intake-1', 'websocket websocket-1'];
  beforeEach(async () => {
    await apply(world.infra(), []);
    world.calls.length = 0;
    world.tried.length = 0;
  });

  test('deploys it without traffic, tries it, shifts the traffic, and tries that', async () => {
    await apply(world.infra({ version: '0.2.0' }), []);
    const deployed = world.lines('gcloud').filter((line) => line.startsWith('gcloud run deploy'));
    expect(deployed).toHaveLength(4);
    expect(deployed.every((line) => line.endsWith('/sidecar:0.2.0 --no-traffic --tag candidate'))).toBe(true);
    const live = world.url.replace('http', 'ws');
    expect(world.tried).toEqual([`${world.url}/ ${live}/`, world.url, world.url]);
    expect(shifts().map((line) => line.split(' ')[4])).toEqual([
      'runvoy-intake',
      'runvoy-processor',
      'runvoy-websocket',
      'runvoy-orchestrator',
    ]);
  });

  test('lets Terraform leave the sidecar as it is until the release, which brings it with the image', async () => {
    const sidecars: string[] = [];
    world.onCall = ({ program, args }) => {
      if (program !== 'terraform' || args[0] !== 'apply' || args.length > 4) return;
      const file = readFileSync(join(world.folder, 'infra/main.tf.json'), 'utf8');
      sidecars.push(/"sidecar": "(.*)"/.exec(file)![1]!);
    };
    for (const version of ['0.2.0', '0.2.0']) await apply(world.infra({ version }), []);
    expect(sidecars.map((image) => image.split(':')[1])).toEqual(['0.1.0', '0.2.0']);
  });

  test('shifts nothing when the candidate fails', async () => {
    world.smoke = (address) => {
      if (address.endsWith('/')) throw new Error('no live view');
    };
    expect(await problemOf(apply(world.infra({ version: '0.2.0' }), []))).toContain('no live view');
    expect([shifts(), revisions()]).toEqual([[], old]);
  });

  test('that failed as a candidate is tried again when it is repeated, though it was made last', async () => {
    world.smoke = () => {
      throw new Error('no live view');
    };
    await apply(world.infra({ version: '0.2.0' }), []).catch(() => undefined);
    world.smoke = () => undefined;
    await apply(world.infra({ version: '0.2.0' }), []);
    expect([shifts().length, revisions()[0]]).toEqual([4, 'orchestrator new']);
  });

  test('shifts back, in the opposite order, when it fails with the traffic', async () => {
    world.smoke = (address) => {
      if (!address.endsWith('/')) throw new Error('no completion');
    };
    const message = await problemOf(apply(world.infra({ version: '0.2.0' }), []));
    expect(message).toContain('The traffic was shifted back to what ran before.');
    expect(
      shifts()
        .slice(4)
        .map((line) => line.split(' ')[4]),
    ).toEqual(['runvoy-orchestrator', 'runvoy-websocket', 'runvoy-processor', 'runvoy-intake']);
    expect(revisions()).toEqual(old);
  });
});

describe('what a deployment was told', () => {
  test('is kept beside the state, and on this machine', async () => {
    const told = world.infra({ variables: { keep_alive: true } });
    await apply(told, []);
    expect(await settingsBesideState(world, 'my-project', 'my-project-terraform')).toEqual(told.settings);
    expect(settingsHere(told.folder)).toEqual(told.settings);
  });

  test('is nothing where nothing is kept, and an obstacle where that could not be found out', async () => {
    expect(await settingsBesideState(world, 'my-project', 'my-project-terraform')).toBeUndefined();
    failOn('storage cat', 'ERROR: (gcloud.storage.cat) HTTPError 403: you@example.com does not have access');
    expect(await problemOf(settingsBesideState(world, 'my-project', 'my-project-terraform'))).toContain(
      'HTTPError 403',
    );
  });

  test('whatever the name of their bucket holds', async () => {
    failOn('storage cat', 'ERROR: gs://my-404-terraform: HTTPError 403: you@example.com does not have access');
    expect(await problemOf(settingsBesideState(world, 'my-404', 'my-404-terraform'))).toContain('HTTPError 403');
  });
});

describe('destroy', () => {
  const off = { variables: { deletion_protection: false } };

  test('refuses while the deployment is protected, and names how that is taken away', async () => {
    await apply(world.infra(), []);
    const message = await problemOf(expectUnprotected(world.infra()));
    expect(message).toContain('Protected are module.firestore.google_firestore_database.runvoy.');
    expect(message).toContain('runvoy infra apply --project my-project --deletion-protection off');
  });

  test('that is refused keeps nothing of what it was told', async () => {
    await apply(world.infra(), []);
    const kept = () => [settingsHere(world.infra().folder), ...world.objects.values()];
    const before = structuredClone(kept());
    await problemOf(expectUnprotected(world.infra({ region: 'us-central1', ...off })));
    expect(kept()).toEqual(before);
  });

  test('refuses when it was told so and nobody has applied it, and when the state does not say', async () => {
    await apply(world.infra(), []);
    expect(await problemOf(expectUnprotected(world.infra(off)))).toContain('is protected');
    world.isProtected = false;
    expect(await problemOf(expectUnprotected(world.infra()))).toContain('is protected');
    failOn('terraform show', 'Error: no state');
    expect(await problemOf(expectUnprotected(world.infra(off)))).toContain('no state');
    expect(world.lines().filter((line) => line.includes('destroy'))).toEqual([]);
  });

  test('takes away what Terraform made and what it did not, and leaves the versions of the state', async () => {
    await apply(world.infra(), []);
    world.isProtected = false;
    for (const job of ['rv-abc', 'rv-def']) world.jobs.add(job);
    await expectUnprotected(world.infra(off));
    await destroy(world.infra(off));
    expect([world.services.size, world.jobs.size, world.accounts.size]).toEqual([0, 0, 0]);
    expect([...world.buckets]).toEqual(['my-project-terraform']);
    expect(world.lines()).toContainEqual(expect.stringContaining('secrets delete runvoy-secrets-data-key'));
    expect(world.said.at(-1)).toContain('gcloud storage rm --recursive gs://my-project-terraform');
    // Another deployment is protected again.
    expect([world.objects.size, settingsHere(world.infra().folder)]).toEqual([0, undefined]);
  });

  test('that failed in the middle takes away the rest when it is repeated', async () => {
    await apply(world.infra(), []);
    world.jobs.add('rv-abc');
    failOn('terraform destroy', 'Error: still in use');
    expect(await problemOf(destroy(world.infra(off)))).toContain('still in use');
    expect(world.jobs.size).toBe(1);
    world.spoil = () => undefined;
    await destroy(world.infra(off));
    expect([world.services.size, world.jobs.size]).toEqual([0, 0]);
  });
});

describe('status', () => {
  test('says that nothing runs, and how that is changed', async () => {
    expect(await problemOf(infraStatus(world.infra()))).toContain('runvoy infra apply --project my-project');
  });

  test('names images, revisions and their traffic, health, and the last reconcile', async () => {
    await apply(world.infra(), []);
    const found = await infraStatus(world.infra());
    expect(isWell(found)).toBe(true);
    const lines = statusLines(found);
    expect(lines).toContain(`orchestrator: ready; answers at ${world.url}`);
    expect(lines).toContain('  100 % to intake-1');
    expect(lines).toContain('processor: ready; private, so nobody asks it from here');
    expect(lines.at(-1)).toBe('last reconcile: 2026-11-29T00:00:00Z, 0 errors, 2 repaired');
  });

  test('without a key says that it does not know the last reconcile', async () => {
    await apply(world.infra(), []);
    writeFileSync(world.config, '');
    expect(statusLines(await infraStatus(world.infra())).at(-1)).toContain('unknown: no key for it is kept here');
  });

  test('is not well when a service is not ready, or does not answer', async () => {
    await apply(world.infra(), []);
    const { url } = world;
    world.spoil = (call) => {
      if (!isCall('run services list')(call)) return undefined;
      const service = (name: string, ready: string, at: string) => ({
        metadata: { name },
        spec: { template: { spec: { containers: [{ image: 'x' }] } } },
        status: { url: at, conditions: [{ type: 'Ready', status: ready, message: 'The image was not found' }] },
      });
      const listed = [
        service('runvoy-orchestrator', 'False', url),
        service('runvoy-intake', 'True', 'http://127.0.0.1:9'),
      ];
      return { status: 0, stdout: JSON.stringify(listed), stderr: '' };
    };
    const found = await infraStatus(world.infra());
    expect(isWell(found)).toBe(false);
    expect(statusLines(found)).toContain(`orchestrator: NOT ready: The image was not found; answers at ${url}`);
    expect(statusLines(found)).toContainEqual(
      expect.stringContaining('intake: ready; does not answer at http://127.0.0.1:9'),
    );
  });
});

test('plan names each step of apply once', () => {
  expect(new Set(APPLY_STEPS.map(({ name }) => name)).size).toBe(APPLY_STEPS.length);
});

(withSdk ? test : test.skip)(`each gcloud that was called is a command with flags that there are${withoutSdk}`, () => {
  expect(called.size).toBeGreaterThan(30);
  const shell = [...called].map((line) => `gcloud ${line.replaceAll(/(\S*[()~]\S*)/g, "'$1'")}`).join('\n');
  expect(checkedCommands({ infra: shell, planted: 'gcloud run deploy x --no-trafic' })).toEqual({
    commands: called.size + 1,
    problems: ['planted: gcloud run deploy has no --no-trafic'],
  });
});
