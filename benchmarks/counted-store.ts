import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** What a store was asked by REST, by the name of the call, and how much all of it and all answers were, REST or not. */
export interface Asked {
  readonly counts: Readonly<Record<string, number>>;
  readonly bytes: number;
  readonly answerBytes: number;
}

export interface CountedStore extends AsyncDisposable {
  readonly host: string;
  /** What it was asked since the last time. */
  asked(): Promise<Asked>;
}

/** A relay before the store at `host:port`, in a process of its own. */
export async function countStore(target: string): Promise<CountedStore> {
  const relay = fork(fileURLToPath(new URL('subjects/counting-relay.ts', import.meta.url)), [target]);
  const [host] = (await once(relay, 'message')) as [string];
  return {
    host,
    async asked() {
      relay.send('asked');
      const [asked] = (await once(relay, 'message')) as [Asked];
      return asked;
    },
    async [Symbol.asyncDispose]() {
      if (relay.exitCode !== null || relay.signalCode !== null) return;
      relay.kill('SIGKILL');
      await once(relay, 'exit');
    },
  };
}
