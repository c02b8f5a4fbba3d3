/** What a log may come to: every line, or every line but those that are named, or the ones before the end that is called unproven. */
export type LogEnding = 'whole' | 'named';

/** A fault, and the moment at which it strikes. */
export interface LogFaultCase {
  readonly fault: string;
  readonly moment: string;
  readonly ending: LogEnding;
  /** Tried by `npm test`, too; the others by `npm run test:chaos -- --processes`. */
  readonly often?: true;
  /** The command never begins, so that it writes nothing. */
  readonly silent?: true;
  /** In a deployment of its own: it would end the runs of the others, whose runners are refused meanwhile. */
  readonly apart?: true;
}

/** Faults on one machine: a real server, its spawner, supervisors and commands. */
export const LOCAL_LOG_FAULTS = {
  'server before batch 1': {
    fault: 'SIGKILL of the server',
    moment: 'before the first batch is stored',
    ending: 'whole',
  },
  'server after batch 1': {
    fault: 'SIGKILL of the server',
    moment: 'the first batch is stored and not acknowledged',
    ending: 'whole',
  },
  'server after logs call 1': {
    fault: 'SIGKILL of the server',
    moment: 'the first batch is acknowledged',
    ending: 'whole',
  },
  'server after batch 5': {
    fault: 'SIGKILL of the server',
    moment: 'while readers follow',
    ending: 'whole',
    often: true,
  },
  'server before finished 1': {
    fault: 'SIGKILL of the server',
    moment: 'before the report is stored',
    ending: 'whole',
  },
  'server after finished 1': {
    fault: 'SIGKILL of the server',
    moment: 'the report is stored and not acknowledged',
    ending: 'whole',
  },
  'server before ended 1': { fault: 'SIGKILL of the server', moment: 'before the end is stored', ending: 'whole' },
  'server after ended 1': { fault: 'SIGKILL of the server', moment: 'when the end is stored', ending: 'whole' },
  'server twice': { fault: 'SIGKILL of the server', moment: 'twice while readers follow', ending: 'whole' },
  'server away until the end': {
    fault: 'the fast lane drops all batches',
    moment: 'the server stays away until the command has ended',
    ending: 'whole',
  },
  'answer to batch 2': {
    fault: 'a batch comes twice',
    moment: 'the answer to the second batch is lost',
    ending: 'whole',
    often: true,
  },
  'answer to bootstrap': { fault: 'a bootstrap comes twice', moment: 'its answer is lost', ending: 'whole' },
  'answer to finished': { fault: 'the report comes twice', moment: 'its answer is lost', ending: 'whole' },
  'batch 3 late': { fault: 'a batch is delayed', moment: 'the third, until the command has ended', ending: 'whole' },
  'intake 30 s': {
    fault: 'network cut of 30 s',
    moment: 'between runner and intake, from the third batch on',
    ending: 'whole',
  },
  'spool removed': {
    fault: 'the safety lane drops batches',
    moment: 'its file is removed in the middle',
    ending: 'whole',
  },
  'runner after batch 1': { fault: 'SIGKILL of the runner', moment: 'when the first batch is stored', ending: 'named' },
  'runner after batch 5': {
    fault: 'SIGKILL of the runner',
    moment: 'while readers follow',
    ending: 'named',
  },
  'runner before finished 1': {
    fault: 'SIGKILL of the runner',
    moment: 'its report has come and is not stored',
    ending: 'whole',
  },
  'runner and server': { fault: 'SIGKILL of runner and server', moment: 'while readers follow', ending: 'named' },
  'both lanes': {
    fault: 'both lanes drop what is cut',
    moment: 'the spool is removed, the fast lane is held and the runner is killed',
    ending: 'named',
  },
  'readers 30 s': { fault: 'network cut of 30 s', moment: 'between readers and server', ending: 'whole' },
  'readers often': {
    fault: 'the connections of all readers are cut',
    moment: 'ten times while lines come',
    ending: 'whole',
    often: true,
  },
  'clock back': { fault: 'the clock goes an hour back', moment: 'while readers follow', ending: 'whole', often: true },
  'store full': { fault: 'disk full', moment: 'that of the store, while lines come', ending: 'whole', often: true },
  'spool full': { fault: 'disk full', moment: 'that of the safety lane, while lines come', ending: 'whole' },
} as const satisfies Record<string, LogFaultCase>;

export type LocalLogFault = keyof typeof LOCAL_LOG_FAULTS;

/** Faults in a deployment: services as processes over the official emulators and the fakes. */
export const GCP_LOG_FAULTS = {
  'orchestrator after started': { fault: 'SIGKILL of the orchestrator', moment: 'the job is started', ending: 'whole' },
  'intake after bootstrapped': { fault: 'SIGKILL of the intake', moment: 'the bootstrap is stored', ending: 'whole' },
  'intake before batch': { fault: 'SIGKILL of the intake', moment: 'before a batch is stored', ending: 'whole' },
  'intake after batch': {
    fault: 'SIGKILL of the intake',
    moment: 'a batch is stored and not acknowledged',
    ending: 'whole',
  },
  'intake before finished': { fault: 'SIGKILL of the intake', moment: 'before the report is stored', ending: 'whole' },
  'intake after finished': {
    fault: 'SIGKILL of the intake',
    moment: 'the report is stored and not acknowledged',
    ending: 'whole',
  },
  'processor before batch': {
    fault: 'SIGKILL of the processor',
    moment: 'before a batch of the safety lane is stored',
    ending: 'whole',
  },
  'processor after batch': {
    fault: 'SIGKILL of the processor',
    moment: 'a batch of the safety lane is stored',
    ending: 'whole',
  },
  'processor after look': { fault: 'SIGKILL of the processor', moment: 'in the middle of a look', ending: 'whole' },
  'processor before ended': { fault: 'SIGKILL of the processor', moment: 'before the end is stored', ending: 'whole' },
  'processor after ended': { fault: 'SIGKILL of the processor', moment: 'when the end is stored', ending: 'whole' },
  'websocket before watch': {
    fault: 'SIGKILL of the live view',
    moment: 'before it watches a run',
    ending: 'whole',
  },
  'websocket after watch': {
    fault: 'SIGKILL of the live view',
    moment: 'when it watches a run',
    ending: 'whole',
  },
  'websocket before page': { fault: 'SIGKILL of the live view', moment: 'before it reads a page', ending: 'whole' },
  'websocket after page': {
    fault: 'SIGKILL of the live view',
    moment: 'after it has read a page',
    ending: 'whole',
    often: true,
  },
  'sidecar in the middle': {
    fault: 'SIGKILL of the runner',
    moment: 'while readers follow',
    ending: 'named',
  },
  'sidecar has reported': { fault: 'SIGKILL of the runner', moment: 'when it has reported', ending: 'whole' },
  'lane drops': { fault: 'the safety lane drops batches', moment: 'all the while', ending: 'whole', often: true },
  'lane doubles': { fault: 'the safety lane brings batches twice', moment: 'all the while', ending: 'whole' },
  'lane reorders': {
    fault: 'the safety lane brings batches in another order',
    moment: 'all the while',
    ending: 'whole',
  },
  'lane delays': { fault: 'the safety lane brings batches 10 s late', moment: 'all the while', ending: 'whole' },
  'websocket 30 s': { fault: 'network cut of 30 s', moment: 'between readers and live view', ending: 'whole' },
  'intake 30 s': { fault: 'network cut of 30 s', moment: 'between runner and intake', ending: 'whole' },
  'both lanes': {
    fault: 'both lanes drop batches',
    moment: 'the intake is cut off, the sink drops, the runner is killed',
    ending: 'named',
  },
  'sidecar clock back': {
    fault: 'the clock goes an hour back',
    moment: 'that of the runner, while readers follow',
    ending: 'whole',
    often: true,
  },
  'some clocks back': {
    fault: 'the clock goes an hour back',
    moment: 'that of one instance of each service, while readers follow, for good',
    ending: 'whole',
    apart: true,
  },
  'all clocks back': {
    fault: 'the clock goes an hour back',
    moment: 'that of all services, while readers follow, and is right again when the command has ended',
    ending: 'whole',
    apart: true,
  },
  'volume full': {
    fault: 'disk full',
    moment: 'that of the volume that runner and command share, while lines come',
    ending: 'whole',
    often: true,
  },
  'volume full at once': {
    fault: 'disk full',
    moment: 'that of the volume, before the runner has made the workspace: the command never begins',
    ending: 'whole',
    silent: true,
  },
} as const satisfies Record<string, LogFaultCase>;

export type GcpLogFault = keyof typeof GCP_LOG_FAULTS;
