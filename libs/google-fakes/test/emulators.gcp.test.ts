import { connect } from 'node:net';
import { expect, test } from '@jest/globals';
import { startFirestoreEmulator } from '../src/emulators.ts';
import { emulatorHost, whyNotEmulated } from '../src/emulated-here.ts';

const why = whyNotEmulated('FIRESTORE_EMULATOR_HOST');
const here = why === undefined ? test : test.skip;
const titled = (title: string): string => (why === undefined ? title : `${title} — skipped: ${why}`);

const takesConnections = (host: string): Promise<boolean> =>
  new Promise((resolve) => {
    const [address, port] = host.split(':');
    const socket = connect(Number(port), address, () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });

here(titled('a started emulator answers, and has let go of its port once it is stopped'), async () => {
  const emulator = await startFirestoreEmulator();
  expect(await (await fetch(`http://${emulator.host}/`)).text()).toMatch(/ok/i);
  await emulator.stop();
  expect(await takesConnections(emulator.host)).toBe(false);
});

here(titled('the stage passes the address of the Pub/Sub emulator'), async () => {
  const answer = await fetch(`http://${emulatorHost('PUBSUB_EMULATOR_HOST')}/`);
  expect(answer.ok).toBe(true);
});
