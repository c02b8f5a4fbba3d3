import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { whyNotEmulated, type ImageTable } from '@runvoy/google-fakes';
import { deploymentIn } from '../tools/emulated/deployment.ts';
import { emulatedImages, IMAGES } from '../tools/emulated/images.ts';
import { titled } from './cloud-run-variants.ts';
import { ofThisMachine } from '../tools/emulated/service-process.ts';
import { newProject, startEmulatedServer, type EmulatedServer } from './emulated-server.ts';
import { openIntakeProxy, type IntakeProxy } from './intake-proxy.ts';

jest.setTimeout(240_000);

const why = whyNotEmulated('FIRESTORE_EMULATOR_HOST') ?? whyNotEmulated('PUBSUB_EMULATOR_HOST');
const here = why === undefined ? describe : describe.skip;
const SMOKE = fileURLToPath(new URL('../tools/smoke.ts', import.meta.url));

here(titled('the smoke test of a deployment', why), () => {
  const project = newProject();
  const { sidecarImage } = deploymentIn(project);
  const images: Record<string, ImageTable[string]> = { ...emulatedImages(sidecarImage, IMAGES) };
  let intake: IntakeProxy;
  let server: EmulatedServer;

  beforeAll(async () => {
    intake = await openIntakeProxy();
    // Where runners call, and the audience of their tokens.
    server = await startEmulatedServer({ project, cloudRun: { images }, env: { RUNVOY_INTAKE_URL: intake.url } });
    intake.target = server.stack.urls.intake;
  });
  afterAll(async () => {
    await server?.[Symbol.asyncDispose]();
    await intake?.[Symbol.asyncDispose]();
  });

  function smoke(withinS: number): Promise<{ status: number | null; output: string }> {
    const { api_url, api_key } = server.stack.ready;
    const child = spawn(process.execPath, [SMOKE, '--within', String(withinS)], {
      env: { ...ofThisMachine(), RUNVOY_API_ENDPOINT: api_url, RUNVOY_API_KEY: api_key },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const pieces: Buffer[] = [];
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (piece: Buffer) => pieces.push(piece));
    return new Promise((resolve) =>
      child.on('close', (status) => resolve({ status, output: Buffer.concat(pieces).toString() })),
    );
  }

  test('passes where everything works', async () => {
    const { status, output } = await smoke(120);
    expect([output, status]).toEqual([
      expect.stringMatching(/ended with 7\nsmoke: log of \d+ lines is complete\n$/),
      0,
    ]);
  });

  test('fails where the runner is broken', async () => {
    const whole = images[sidecarImage]!;
    images[sidecarImage] = { ...whole, entrypoint: ['/bin/false'] };
    const { status, output } = await smoke(15);
    images[sidecarImage] = whole;
    expect([output, status]).toEqual([expect.stringContaining('smoke: failed.'), 1]);
    expect(output).toContain('submitted');
    expect(output).not.toContain('ended with');
  });

  test('fails where lines get lost in both lanes', async () => {
    intake.broken = /\/logs$/;
    server.stack.google.sinks.logs.plan('drop', { times: Infinity });
    const { status, output } = await smoke(15);
    intake.broken = undefined;
    server.stack.google.sinks.logs.clearPlans();
    expect(intake.brokenCalls).toBeGreaterThan(0);
    expect([output, status]).toEqual([expect.stringContaining('smoke: failed.'), 1]);
    expect(output).not.toContain('is complete');
  });

  test('fails where nobody hears of a run’s end', async () => {
    intake.broken = /\/finished$/;
    for (const sink of Object.values(server.stack.google.sinks)) sink.plan('drop', { times: Infinity });
    server.stack.doors.eventarc.conveyor.plan('drop', { times: Infinity });
    server.stack.cut('processor');
    const { status, output } = await smoke(15);
    server.stack.mend('processor');
    expect([output, status]).toEqual([expect.stringContaining('smoke: failed.'), 1]);
    expect(output).not.toContain('ended with');
  });
});
