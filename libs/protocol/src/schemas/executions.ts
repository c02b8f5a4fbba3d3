import Type from 'typebox';
import {
  CountSchema,
  EmailSchema,
  ExecutionIdSchema,
  RequestIdSchema,
  SeqSchema,
  TextsSchema,
  TimeSchema,
} from './values.ts';

const StatusSchema = Type.Enum(['STARTING', 'RUNNING', 'TERMINATING', 'SUCCEEDED', 'FAILED', 'STOPPED'], {
  title: 'ExecutionStatus',
  examples: ['SUCCEEDED'],
});
const TerminalStatusSchema = Type.Enum(['SUCCEEDED', 'FAILED', 'STOPPED']);
const IsolationSchema = Type.Enum(['container', 'bubblewrap', 'process', 'cloud-run'], {
  title: 'Isolation',
  description: 'How a command is kept from the machine it runs on.',
  examples: ['cloud-run'],
});
const CompletenessSchema = Type.Enum(['complete', 'running', 'gaps', 'unproven'], {
  title: 'Completeness',
  description: 'What is known of a log as a whole. `unproven`: the runner died before it could say where the log ends.',
});
const GapsSchema = Type.Array(Type.Object({ from: SeqSchema, to: SeqSchema }, { title: 'LogGap' }));
const CommandSchema = Type.String({ examples: ['make test'] });
const ImageIdSchema = Type.String({ examples: ['alpine:latest-c5c74c0e'] });
const ReasonSchema = Type.String({ description: 'Why it failed, as one stable word.', examples: ['timeout'] });
const WaitingSchema = Type.String({ description: 'What it waits for, as one stable word.', examples: ['slot'] });

const CancelSchema = Type.Object(
  {
    requested: Type.Optional(TimeSchema),
    hastened: Type.Optional(TimeSchema),
    signalled: Type.Optional(TimeSchema),
    killed: Type.Optional(TimeSchema),
    confirmed: Type.Optional(TimeSchema),
    confirm_by: Type.Optional(TimeSchema),
  },
  { title: 'Cancel', description: 'Times of a stop; a step that has not happened is absent.' },
);

const QueueSchema = Type.Object(
  {
    place: Type.Integer({ minimum: 1, description: 'From 1. Users take turns, so that it may also grow.' }),
    waiting: CountSchema,
    limit: Type.Optional(Type.Enum(['deployment', 'user', 'image', 'key'])),
    max_running: Type.Optional(CountSchema),
    until: Type.Optional(TimeSchema),
  },
  { title: 'Queue', description: 'Where a run stands that waits for a slot.' },
);

const maskedFields = {
  maskings: Type.Optional(Type.Integer({ minimum: 0, description: 'How many places of the log were masked.' })),
  unmasked: Type.Optional(
    Type.Array(Type.String(), { description: 'Secret variables whose values are too short to be masked.' }),
  ),
};

const LogSummarySchema = Type.Object(
  {
    completeness: CompletenessSchema,
    lines: CountSchema,
    bytes: Type.Optional(CountSchema),
    sha256: Type.Optional(Type.String()),
    gaps: Type.Optional(GapsSchema),
    expired_at: Type.Optional(TimeSchema),
    ...maskedFields,
  },
  { title: 'LogSummary', description: 'The end of a log, as the runner stated it and as the store proves it.' },
);

const UsageSchema = Type.Object(
  {
    seconds: Type.Number(),
    charged_seconds: Type.Number(),
    vcpu_seconds: Type.Number(),
    gib_seconds: Type.Number(),
    log_bytes: CountSchema,
    store_operations: CountSchema,
    store_reads: CountSchema,
    store_writes: CountSchema,
    basis: Type.String({ description: 'How the figures came about.' }),
  },
  { title: 'Usage', description: 'What a finished run used.' },
);

const CostSchema = Type.Object(
  { estimate: Type.Number(), currency: Type.String(), basis: Type.String() },
  { title: 'Cost', description: "What it cost by the deployment's own table of prices." },
);

const LabelsSchema = Type.Object({}, { additionalProperties: Type.String(), description: 'What it is found by.' });
const StartedFromSchema = Type.Object(
  { name: Type.String(), version: Type.Integer({ minimum: 1 }) },
  { title: 'PlaybookVersionRef', description: 'The playbook it was started from.' },
);

/** What every form of an execution says of how it stands. */
const standing = {
  reason: Type.Optional(ReasonSchema),
  waiting_for: Type.Optional(WaitingSchema),
  queue: Type.Optional(QueueSchema),
  reason_text: Type.Optional(Type.String({ description: 'Why it is in this state, as one short clause.' })),
  cancel: Type.Optional(CancelSchema),
  labels: Type.Optional(LabelsSchema),
  playbook: Type.Optional(StartedFromSchema),
  isolation: IsolationSchema,
  network: Type.Optional(Type.Literal('none')),
  log: Type.Optional(LogSummarySchema),
  usage: Type.Optional(UsageSchema),
  cost: Type.Optional(CostSchema),
};

/** `ExecutionBody`. */
export const ExecutionSchema = Type.Object(
  {
    execution_id: ExecutionIdSchema,
    created_by: EmailSchema,
    owned_by: Type.Array(EmailSchema),
    command: CommandSchema,
    image_id: ImageIdSchema,
    started_at: TimeSchema,
    completed_at: Type.Optional(TimeSchema),
    status: StatusSchema,
    exit_code: Type.Integer({ description: '0 while running.', examples: [0] }),
    duration_seconds: Type.Optional(CountSchema),
    created_by_request_id: RequestIdSchema,
    modified_by_request_id: RequestIdSchema,
    cloud: Type.String({ examples: ['GCP'] }),
    secrets: Type.Optional(TextsSchema),
    cpu: Type.Optional(Type.Integer({ description: '1024 = one cpu.' })),
    memory: Type.Optional(Type.Integer({ description: 'MiB.' })),
    ...standing,
  },
  { title: 'Execution' },
);

export const ExecutionListSchema = Type.Array(ExecutionSchema);

/** `ExecutionStatusBody`. */
export const ExecutionStateSchema = Type.Object(
  {
    execution_id: ExecutionIdSchema,
    status: StatusSchema,
    command: CommandSchema,
    image_id: ImageIdSchema,
    started_at: TimeSchema,
    completed_at: Type.Optional(TimeSchema),
    exit_code: Type.Union([Type.Integer({ examples: [0] }), Type.Null()], { description: 'null until it has ended.' }),
    duration_ms: Type.Optional(CountSchema),
    ...standing,
  },
  { title: 'ExecutionState' },
);

const accepted = {
  execution_id: ExecutionIdSchema,
  log_url: Type.Literal('', { description: 'Always empty, as in runvoy.' }),
  command: CommandSchema,
  image_id: ImageIdSchema,
  websocket_url: Type.String({
    description: 'A live view of this run. It is a credential for 15 minutes.',
    examples: ['wss://live.example.com/stream?execution_id=f2f3a1c0d4e5968778695a4b3c2d1e0f&token=t'],
  }),
  isolation: IsolationSchema,
  waiting_for: Type.Optional(WaitingSchema),
  playbook: Type.Optional(StartedFromSchema),
  view_url: Type.String({ examples: ['https://example.com/logs?execution_id=f2f3a1c0d4e5968778695a4b3c2d1e0f'] }),
};

/** `RunAnswer`. */
export const AcceptedRunSchema = Type.Object({ ...accepted, status: StatusSchema }, { title: 'AcceptedRun' });

/** `WaitedRunAnswer`. */
export const WaitedRunSchema = Type.Object(
  {
    ...accepted,
    status: TerminalStatusSchema,
    exit_code: Type.Integer({ examples: [0] }),
    reason: Type.Optional(ReasonSchema),
    stdout: Type.String({ description: 'The last of it, whole lines.', examples: ['ok\n'] }),
    stderr: Type.String({ examples: [''] }),
    stdout_cut: Type.Optional(Type.Literal(true, { description: 'There was more before it: read the log.' })),
    stderr_cut: Type.Optional(Type.Literal(true)),
    completeness: CompletenessSchema,
    after: SeqSchema,
  },
  { title: 'WaitedRun' },
);

const LogEventSchema = Type.Object(
  {
    event_id: Type.String({ description: 'The sequence number, in decimal.', examples: ['1'] }),
    timestamp: Type.Integer({ description: 'ms since the epoch.', examples: [1_769_860_800_000] }),
    message: Type.String({ examples: ['ok'] }),
    stream: Type.Enum(['stdout', 'stderr', 'system']),
    partial: Type.Optional(Type.Literal(true, { description: 'The next line of this stream continues it.' })),
  },
  { title: 'LogEvent' },
);

/** `LogsBody`. */
export const LogsSchema = Type.Object(
  {
    execution_id: ExecutionIdSchema,
    events: Type.Union([Type.Array(LogEventSchema), Type.Null()], {
      description: 'null while the run is STARTING or RUNNING and neither `after` nor `limit` is given.',
    }),
    status: StatusSchema,
    websocket_url: Type.Optional(Type.String({ description: 'Set while the run has not ended.' })),
    completeness: Type.Optional(CompletenessSchema),
    gaps: Type.Optional(GapsSchema),
    next_after: Type.Optional(
      Type.Integer({ description: 'The `after` of the lines that follow; absent when nothing more will come.' }),
    ),
    sha256: Type.Optional(Type.String()),
  },
  { title: 'Logs' },
);

const LogHitSchema = Type.Object(
  {
    seq: SeqSchema,
    stream: Type.Enum(['stdout', 'stderr', 'system']),
    ms: Type.Integer({ description: 'ms since the epoch.', examples: [1_769_860_800_000] }),
    text: Type.String({ examples: ['request timeout'] }),
    partial: Type.Optional(Type.Literal(true, { description: 'The next line of this stream continues it.' })),
    ranges: Type.Array(
      Type.Object({
        start: Type.Integer({ description: 'In UTF-16 code units of `text`.', examples: [8] }),
        end: Type.Integer({ description: 'Behind the last one.', examples: [15] }),
        through: Type.Optional(Type.Integer({ description: 'The piece of this line in which `end` stands.' })),
      }),
      { description: 'Where the matches are; the first 100 of a line.' },
    ),
  },
  { title: 'LogHit' },
);

/** `SearchLogBody`. */
export const SearchedLogSchema = Type.Object(
  {
    execution_id: ExecutionIdSchema,
    status: StatusSchema,
    hits: Type.Array(LogHitSchema),
    total: Type.Integer({ description: 'How many lines match of those that were read.', examples: [1] }),
    scanned_lines: CountSchema,
    through: Type.Integer({ description: 'The last line that was read.', examples: [1204] }),
    complete: Type.Boolean({ description: 'Everything that is stored behind `after` was read.' }),
    next_after: Type.Optional(
      Type.Integer({ description: 'The `after` of the hits that follow; absent when there are none.' }),
    ),
    gaps: Type.Optional(GapsSchema),
    first_error: Type.Optional(
      Type.Object(
        {
          seq: SeqSchema,
          because: Type.Enum(['error_line', 'last_lines'], {
            description: 'It looks like an error; or none does, and the run failed: where its last lines begin.',
          }),
        },
        { description: 'Without `q`, once it is known: the first behind `after`.' },
      ),
    ),
  },
  { title: 'SearchedLog' },
);

/** `VerifyLogBody`. */
export const VerifiedLogSchema = Type.Object(
  {
    execution_id: ExecutionIdSchema,
    status: StatusSchema,
    completeness: CompletenessSchema,
    lines: CountSchema,
    gaps: GapsSchema,
    stored_sha256: Type.String({ description: 'Over what is stored, worked out anew.' }),
    sha256: Type.Optional(
      Type.String({ description: 'As the runner signed it at its end; of an imported run, as its export stated it.' }),
    ),
    bytes: Type.Optional(CountSchema),
    imported: Type.Optional(
      Type.Literal(true, {
        description: 'Its end record was imported with it: no runner of this deployment signed it.',
      }),
    ),
    ...maskedFields,
  },
  { title: 'VerifiedLog' },
);

/** `TicketBody`. */
export const TicketSchema = Type.Object(
  {
    execution_id: ExecutionIdSchema,
    expires_at: TimeSchema,
    events_url: Type.String({ description: 'Server-sent events, for an `EventSource`.' }),
    websocket_url: Type.String({ description: 'Frames of `runvoy.v2` or bare ones.' }),
    text_url: Type.String({ description: 'The whole log as text.' }),
  },
  { title: 'Ticket', description: 'URLs that need no key until they expire. Each is a credential.' },
);

/** `KillAnswer`. */
export const StoppedExecutionSchema = Type.Object(
  { execution_id: ExecutionIdSchema, message: Type.String({ examples: ['Execution termination initiated'] }) },
  { title: 'StoppedExecution' },
);
