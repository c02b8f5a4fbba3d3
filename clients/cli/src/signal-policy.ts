/** What `runvoy run` is doing about its run. */
export type RunStage = 'following' | 'detaching' | 'stopping' | 'leaving';

/** `terminal`: a person is there. `pipe`: nobody is. `pipe-detach`: nobody is, and `--detach-on-signal` was given. */
export type SignalMode = 'terminal' | 'pipe' | 'pipe-detach';

export type StopSignal = 'SIGINT' | 'SIGTERM';

const LEAVE = { SIGINT: 'leaving', SIGTERM: 'leaving' } as const;
const STOP = { SIGINT: 'stopping', SIGTERM: 'stopping' } as const;

/**
 * What a signal leads to. A person gets two seconds to say what the first Ctrl-C meant; a script that is ended ends its run, which would
 * otherwise go on unseen.
 */
export const SIGNAL_POLICY: Readonly<
  Record<SignalMode, Readonly<Record<RunStage, Readonly<Record<StopSignal, RunStage>>>>>
> = {
  terminal: {
    following: { SIGINT: 'detaching', SIGTERM: 'leaving' },
    detaching: { SIGINT: 'stopping', SIGTERM: 'leaving' },
    stopping: LEAVE,
    leaving: LEAVE,
  },
  pipe: { following: STOP, detaching: STOP, stopping: LEAVE, leaving: LEAVE },
  'pipe-detach': { following: LEAVE, detaching: LEAVE, stopping: LEAVE, leaving: LEAVE },
};
