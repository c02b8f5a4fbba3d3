import type { Emulator } from '../../libs/google-fakes/src/emulators.ts';
import { startFirestoreEmulator, startPubSubEmulator, whyNoEmulators } from '../../libs/google-fakes/src/emulators.ts';
import { warmUpFirestore, warmUpPubSub } from '../../libs/google-fakes/src/emulators/warm-up.ts';
import type { Stage, StageResult } from './stage.ts';

/** A stage whose tests speak to Google's emulators: both are started once for it and ended with it. */
export function emulatedStage(stageWith: (env: Record<string, string>) => Stage): Stage {
  const { name, needs } = stageWith({});
  return {
    name,
    ...(needs === undefined ? {} : { needs }),
    async run(args): Promise<StageResult> {
      const why = whyNoEmulators();
      if (why !== undefined) return withoutEmulators(await stageWith({}).run(args), why);
      const started = await Promise.allSettled([startFirestoreEmulator(), startPubSubEmulator()]);
      const emulators = started.flatMap((start) => (start.status === 'fulfilled' ? [start.value] : []));
      try {
        const [firestore, pubsub] = emulators as [Emulator, Emulator];
        const warm = await Promise.allSettled([warmUpFirestore(firestore.host), warmUpPubSub(pubsub.host)]);
        const problem = [...started, ...warm].find((end) => end.status === 'rejected');
        if (problem) return { passed: 0, failed: 1, skipped: [], output: String(problem.reason) };
        const env = {
          FIRESTORE_EMULATOR_HOST: firestore.host,
          PUBSUB_EMULATOR_HOST: pubsub.host,
          // Nobody here is on Google Cloud; its clients need not ask.
          METADATA_SERVER_DETECTION: 'none',
        };
        return await stageWith(env).run(args);
      } finally {
        await Promise.all(emulators.map((emulator) => emulator.stop()));
      }
    },
  };
}

/** The tests have skipped by themselves, each with its reason; this says it once more, loudly, or fails where nothing may be missing. */
function withoutEmulators(result: StageResult, why: string): StageResult {
  const output = [`Google's emulators cannot start: ${why}.`, result.output].filter(Boolean).join('\n');
  const isRequired = process.env['CI'] === 'true' || process.env['RUNVOY_REQUIRE_ALL'] === '1';
  if (isRequired) return { ...result, output, failed: Math.max(result.failed, 1) };
  return { ...result, output, skipped: [...result.skipped, `the emulators — skipped: ${why}`] };
}
