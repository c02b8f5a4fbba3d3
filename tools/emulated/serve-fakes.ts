/**
 * Google's part of a deployment whose services run elsewhere, as in docker-compose.emulators.yml: the fakes, the subscriptions, the
 * trigger and the ticks, at ports that are known beforehand, on all addresses. The emulators run already.
 */
import { newClosing } from './closing.ts';
import { deploymentIn, ROLES } from './deployment.ts';
import { CERTS_PORT, fixedPorts, type OwnEndpoint } from './fixed-ports.ts';
import { forward } from './forward.ts';
import { startGoogle } from './google.ts';
import { emulatedImages, IMAGES } from './images.ts';

// Nobody here is on Google Cloud; its clients need not ask.
process.env['METADATA_SERVER_DETECTION'] ??= 'none';

const missing: string[] = [];
const firestore = needed('FIRESTORE_EMULATOR_HOST');
const pubsub = needed('PUBSUB_EMULATOR_HOST');
const project = needed('RUNVOY_GCP_PROJECT_ID');
const processor = needed('RUNVOY_PROCESSOR_URL');

function needed(variable: string): string {
  const value = process.env[variable] ?? '';
  if (value === '') missing.push(`${variable} is not set.`);
  return value;
}

async function main(): Promise<void> {
  if (missing.length > 0) throw new Error(missing.join('\n'));
  const closing = newClosing((error) => process.stderr.write(`${String(error)}\n`));
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => void closing.run().then(() => process.exit(0)));
  }
  const expose = (port: number, target: string) => closing.add(forward(port, target), (one) => one.stop());
  const deployment = deploymentIn(project);
  const google = await startGoogle(closing, deployment, {
    images: emulatedImages(deployment.sidecarImage, IMAGES),
    emulators: { firestore, pubsub },
  });
  let certs = '';
  for (const role of ROLES) {
    const endpoints = await google.endpointsOf(role);
    for (const [name, port] of Object.entries(fixedPorts(role))) await expose(port, endpoints[name as OwnEndpoint]);
    certs = endpoints.certs;
  }
  // They try again until the processor is there.
  const doors = await google.openDoors({ processor });
  doors.schedules.start();
  await expose(CERTS_PORT, certs);
  process.stdout.write(`${JSON.stringify({ message: 'listening', port: CERTS_PORT })}\n`);
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
});
