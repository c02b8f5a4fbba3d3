import Type from 'typebox';
import { LIMITS } from '../limits.ts';
const EMAIL = { examples: ['kim@example.com'] };

/** A whole number as a URL has it. */
const wholeNumber = (options: { description: string; examples: readonly string[] }) =>
  Type.String({ pattern: '^\\d{1,15}$', ...options });

const Time = (description: string) =>
  Type.Optional(Type.String({ format: 'date-time', description, examples: ['2026-01-31T12:00:00Z'] }));

/** `{id}` of an execution. Another text is answered as an id that is not known. */
export const ExecutionParamsSchema = Type.Object({
  id: Type.String({ description: 'The execution.', examples: ['f2f3a1c0d4e5968778695a4b3c2d1e0f'] }),
});
/** `{id}` of a dead letter. */
export const DeadLetterParamsSchema = Type.Object({
  id: Type.String({ description: 'The dead letter.', examples: ['abcdefghijklmnopqrst'] }),
});
/** `{id}` of a key. */
export const KeyParamsSchema = Type.Object({
  id: Type.String({ description: 'The key, by its id.', examples: ['abcdefghijklmnopqrst'] }),
});
/** `{name}` of a secret. */
export const SecretParamsSchema = Type.Object({
  name: Type.String({ description: 'The secret.', examples: ['github-token'] }),
});
/** `{name}` of a secret and `{email}` of who is granted it. */
export const GrantParamsSchema = Type.Object({
  ...SecretParamsSchema.properties,
  email: Type.String({ description: 'Who may use it.', ...EMAIL }),
});
/** `{email}` of a user. */
export const UserParamsSchema = Type.Object({
  email: Type.String({ description: 'The user.', ...EMAIL }),
});
/** `{token}` of a claim. */
export const ClaimParamsSchema = Type.Object({
  token: Type.String({ description: 'The claim token. It works once, for 15 minutes.', examples: ['clm_0123'] }),
});
/** The rest of the path names an image; `name` is what the document calls it. */
export const ImageParamsSchema = Type.Object({
  '*': Type.String({
    name: 'image',
    description: 'Image or image id. Slashes may be sent as they are or encoded.',
    examples: ['alpine:latest-c5c74c0e'],
  }),
});

/** `?limit=&status=&image=&label=&user=&since=&until=&cursor=` of executions. */
export const ExecutionListQuerySchema = Type.Object({
  limit: Type.Optional(
    wholeNumber({ description: 'How many, newest first; 0 = all. 10 unless given.', examples: ['10'] }),
  ),
  status: Type.Optional(
    Type.String({
      description: 'Only these, separated by commas.',
      examples: ['RUNNING,STARTING'],
    }),
  ),
  image: Type.Optional(
    Type.String({
      description: 'Only of this image: an id, or a reference, which is every registration of it.',
      examples: ['alpine:latest'],
    }),
  ),
  label: Type.Optional(
    Type.Array(Type.String({ pattern: '^[a-z0-9][a-z0-9._/-]{0,62}=.{0,63}$' }), {
      description: 'Only with this label, `key=value`. Given more than once, with all of them.',
      examples: [['env=prod']],
    }),
  ),
  user: Type.Optional(Type.String({ description: 'Only what this user started.', ...EMAIL })),
  since: Time('Not started before.'),
  until: Time('Not started after.'),
  cursor: Type.Optional(
    Type.String({ description: 'From `Link`: goes on behind the page before, for the same filter.' }),
  ),
});

/** `{name}` of a playbook. */
export const PlaybookParamsSchema = Type.Object({
  name: Type.String({ description: 'The playbook.', examples: ['deploy'] }),
});
/** `?version=` of a playbook. */
export const PlaybookQuerySchema = Type.Object({
  version: Type.Optional(wholeNumber({ description: 'The newest unless given.', examples: ['1'] })),
});
/** `{request_id}` of a trace. */
export const TraceParamsSchema = Type.Object({
  request_id: Type.String({
    description: 'As in `X-Request-Id`.',
    maxLength: 255,
    examples: ['0f1e2d3c4b5a69788796a5b4c3d2e1f0'],
  }),
});

/** `?after=&limit=` of a list in pages. */
export const PageQuerySchema = Type.Object({
  after: Type.Optional(Type.String({ description: 'The `next` of the page before.' })),
  limit: Type.Optional(
    Type.String({
      pattern: '^([1-9]\\d?|100)$',
      description: 'How many, 1 to 100. 20 unless given.',
      examples: ['20'],
    }),
  ),
});

/** A page of the audit, and which records. */
export const AuditQuerySchema = Type.Object({
  ...PageQuerySchema.properties,
  subject: Type.Optional(Type.String({ description: 'Only what was done to this thing.' })),
  by: Type.Optional(Type.String({ description: 'Only what this user did.', ...EMAIL })),
  action: Type.Optional(Type.String({ description: 'Only this.', examples: ['user.create'] })),
  from: Time('Not before.'),
  to: Time('Before.'),
});

/** `?after=&limit=&tail=&from=&to=` of a log: with any of them the answer is a page of lines, in any state. */
export const LogQuerySchema = Type.Object({
  after: Type.Optional(wholeNumber({ description: 'The sequence number before the first line.', examples: ['0'] })),
  limit: Type.Optional(
    Type.String({
      pattern: '^[1-9]\\d{0,3}$',
      description: `How many lines, 1 to ${LIMITS.logPageLines}. 1000 unless given.`,
      examples: ['1000'],
    }),
  ),
  tail: Type.Optional(
    Type.String({
      pattern: '^[1-9]\\d{0,3}$',
      description: 'Only the last so many lines that are stored. Goes with none of `after`, `from` and `to`.',
      examples: ['100'],
    }),
  ),
  from: Time('Only lines that are not older.'),
  to: Time('Only lines that are not newer.'),
});

const OnlyStream = Type.Optional(
  Type.Enum(['stdout', 'stderr', 'system'], { description: 'Only this one; all unless given.' }),
);

/** `?q=&regex=&ignore_case=&stream=&after=&limit=&count=` of a search in a log. */
export const LogSearchQuerySchema = Type.Object({
  q: Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: LIMITS.searchChars,
      description: 'The text to find. Without it lines that look like errors are found.',
      examples: ['timeout'],
    }),
  ),
  regex: Type.Optional(Type.Enum(['true', 'false'], { description: '`q`, which it needs, is an RE2 expression.' })),
  ignore_case: Type.Optional(
    Type.Enum(['true', 'false'], { description: 'Capital letters of `q`, which it needs, are as small ones.' }),
  ),
  stream: OnlyStream,
  after: Type.Optional(
    wholeNumber({ description: 'The sequence number behind which the search begins.', examples: ['0'] }),
  ),
  limit: Type.Optional(
    Type.String({
      pattern: '^(\\d{1,3}|1000)$',
      description: `How many hits are listed, 0 to ${LIMITS.searchHits}. 100 unless given. All are counted.`,
      examples: ['100'],
    }),
  ),
  count: Type.Optional(
    Type.Enum(['true', 'false'], {
      description: 'false: the answer comes when the list is full; no hit behind it is counted. Not with `limit=0`.',
    }),
  ),
});

/** `?stream=&timestamps=&download=&collapse=` of a log as text. */
export const LogTextQuerySchema = Type.Object({
  stream: OnlyStream,
  timestamps: Type.Optional(Type.Enum(['true', 'false'], { description: 'The time before each line.' })),
  download: Type.Optional(Type.Enum(['true', 'false'], { description: 'Offered as a file.' })),
  collapse: Type.Optional(
    Type.Enum(['true', 'false'], {
      description: 'Of a line that starts over with carriage returns, as progress does, only its last state.',
    }),
  ),
});

/** `?after=` of a stream of events. */
export const EventsQuerySchema = Type.Object({ after: LogQuerySchema.properties.after });

/** `?expires_in=` of a ticket. */
export const TicketQuerySchema = Type.Object({
  expires_in: Type.Optional(
    Type.String({
      pattern: '^([6-9]\\d|[1-9]\\d{2,3}|[1-3]\\d{4}|4[0-2]\\d{3}|43[01]\\d{2}|43200)$',
      description: 'How many seconds it is good for, 60 to 43200. 3600 unless given.',
      examples: ['3600'],
    }),
  ),
});

/** `?force=` or `?grace=` of a stop. */
export const StopQuerySchema = Type.Object({
  force: Type.Optional(Type.Enum(['true', 'false', '1', '0'], { description: 'A grace of 0. Excludes `grace`.' })),
  grace: Type.Optional(
    Type.String({
      pattern: '^\\d{1,3}(\\.\\d{1,3})?$',
      description: "Seconds between SIGTERM and SIGKILL; the run's own unless given.",
      examples: ['10'],
    }),
  ),
});

/** `?user=` of keys. */
export const KeyListQuerySchema = Type.Object({
  user: Type.Optional(Type.String({ description: "Whose; the caller's own unless given.", ...EMAIL })),
});

/** `?permission=&thing=`. */
export const CanQuerySchema = Type.Object({
  permission: Type.String({ description: 'What is to be done.', examples: ['images.register'] }),
  thing: Type.Optional(Type.String({ description: 'To which thing, where it depends on that.' })),
});
