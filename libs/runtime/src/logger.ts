import { currentPlace, type TracePlace } from './trace-place.ts';

/** Levels of a log line, in rising order. */
export const LOG_LEVELS = ['debug', 'info', 'warn', 'error', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** Writes one JSON object a line, in the form Cloud Logging reads: `severity`, `message`, `time`, then the fields given. */
export interface Logger {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
}

/** Never a token, a key, a ticket, an environment value or a command's output. An `error` field may hold an Error. */
export type LogFields = Readonly<Record<string, unknown>>;

const SEVERITY = { debug: 'DEBUG', info: 'INFO', warn: 'WARNING', error: 'ERROR' } as const;

/** How a line names the trace that it belongs to, and the error that it tells of. */
export interface LogForm {
  place(place: TracePlace): LogFields;
  error(name: keyof typeof SEVERITY, told: string): LogFields;
}

/** As whoever reads the file would write it. */
export const plainForm: LogForm = {
  place: ({ traceId, spanId, requestId }) => ({ request_id: requestId, trace_id: traceId, span_id: spanId }),
  error: (_, told) => ({ error: told }),
};

/** A logger that hands each finished line to `write`. */
export function newLogger(
  level: LogLevel,
  write: (line: string) => void,
  { now = Date.now, form = plainForm }: { readonly now?: () => number; readonly form?: LogForm } = {},
): Logger {
  const threshold = LOG_LEVELS.indexOf(level);
  const at =
    (name: keyof typeof SEVERITY) =>
    (message: string, fields: LogFields = {}) => {
      if (LOG_LEVELS.indexOf(name) < threshold) return;
      const { error, ...rest } = fields;
      const place = currentPlace();
      const entry = {
        severity: SEVERITY[name],
        message,
        time: new Date(now()).toISOString(),
        ...(place && form.place(place)),
        ...rest,
        ...(error === undefined ? {} : form.error(name, describeError(error))),
      };
      write(`${JSON.stringify(entry)}\n`);
    };
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}

/** An error with its stack and what caused it, for operators. */
function describeError(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause === undefined ? '' : `\ncaused by: ${describeError(error.cause)}`;
  return (error.stack ?? `${error.name}: ${error.message}`) + cause;
}

/** For tests and for who wants none. */
export const silentLogger: Logger = newLogger('silent', () => undefined);
