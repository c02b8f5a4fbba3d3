import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { livingProcesses } from '@runvoy/core/contracts';
import { whyNotEmulated } from '@runvoy/google-fakes';
import { isTerminal } from '@runvoy/protocol';
import { follow, texts } from '../services/standalone/test/follower.ts';
import { poll } from '../services/standalone/test/server.ts';
import { CLOUD_RUN_VARIANTS, titled } from './cloud-run-variants.ts';
import { startEmulatedServer, type EmulatedServer } from './emulated-server.ts';

const why = whyNotEmulated('FIRESTORE_EMULATOR_HOST') ?? whyNotEmulated('PUBSUB_EMULATOR_HOST');

/** What runs on each of them, at the same time: starting and ending takes longer than the commands. */
const COURSES = {
  good: { command: 'seq 1 300; printf tail' },
  bad: { command: 'echo out; echo err >&2; exit 7' },
  tidy: { command: `trap 'echo tidied; exit 3' TERM; echo ready; while :; do sleep 0.1; done`, grace: 60 },
  deaf: {
    command: `trap '' TERM; (while :; do sleep 0.1; done) & echo begun; while :; do sleep 0.1; done`,
    timeout: 1,
    grace: 1,
  },
  parent: { command: 'sleep 600 & echo left; exit 5' },
} as const;
type Course = keyof typeof COURSES;

(why === undefined ? describe : describe.skip)(titled('a run on a Cloud Run that is otherwise', why), () => {
  let server: EmulatedServer;
  beforeAll(async () => {
    server = await startEmulatedServer({ ticking: false });
  }, 120_000);
  afterAll(async () => server?.[Symbol.asyncDispose]());

  async function startCourse(course: Course) {
    const { execution_id, websocket_url } = await server.run(COURSES[course]);
    return { id: execution_id, follower: follow(websocket_url) };
  }
  const started = new Map<Course, ReturnType<typeof startCourse>>();

  /** How it went, when it is over. */
  async function endOf(course: Course) {
    const { id, follower } = await started.get(course)!;
    const followed = await follower.done;
    expect(followed.end).toMatchObject({ completeness: 'complete' });
    return { id, followed, status: followed.statuses.at(-1)! };
  }
  const untilNothingLives = (id: string) => poll(() => (livingProcesses(id).length === 0 ? true : undefined));

  for (const variant of CLOUD_RUN_VARIANTS)
    (variant.why === undefined ? describe : describe.skip)(titled(variant.name, variant.why), () => {
      beforeAll(() => {
        server.stack.google.cloudRun.choose(variant.choices([server.sharedDirectory]));
        for (const course of Object.keys(COURSES) as Course[]) {
          const start = startCourse(course);
          start.catch(() => undefined);
          started.set(course, start);
        }
      });
      // The next one may choose otherwise only when nothing runs.
      afterAll(async () => {
        for (const start of started.values()) {
          const { id } = await start;
          const { status } = await server.until(id, () => true);
          if (!isTerminal(status)) await server.call('DELETE', `/api/v1/executions/${id}`);
          await server.finished(id);
        }
      }, 120_000);

      test('has all of its output and its own exit code', async () => {
        const [good, bad] = [await endOf('good'), await endOf('bad')];
        expect(texts(good.followed)).toEqual([...Array.from({ length: 300 }, (_, at) => String(at + 1)), 'tail']);
        expect(good.status).toMatchObject({ status: 'SUCCEEDED', exit_code: 0 });
        expect([texts(bad.followed, 'stdout'), texts(bad.followed, 'stderr')]).toEqual([['out'], ['err']]);
        expect(bad.status).toMatchObject({ status: 'FAILED', exit_code: 7 });
      });

      test('tidies up within its grace when it is stopped', async () => {
        const { id, follower } = await started.get('tidy')!;
        await follower.line((line) => line.text === 'ready');
        await server.call('DELETE', `/api/v1/executions/${id}`);
        const { followed, status } = await endOf('tidy');
        // The shell may say on stderr that its sleep was ended, too.
        expect(texts(followed, 'stdout')).toEqual(['ready', 'tidied']);
        expect(status).toMatchObject({ status: 'STOPPED' });
      });

      test('is ended at its timeout, with all that it started, whatever ignores its signals', async () => {
        const { id } = await endOf('deaf');
        expect(await server.finished(id)).toMatchObject({ status: 'FAILED', exit_code: 124, reason: 'timeout' });
        await untilNothingLives(id);
      });

      test('does not wait for what it leaves in the background', async () => {
        const { id, followed, status } = await endOf('parent');
        expect(texts(followed)).toEqual(['left']);
        expect(status).toMatchObject({ status: 'FAILED', exit_code: 5 });
        await untilNothingLives(id);
      });
    });
});
