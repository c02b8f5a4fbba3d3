import type { LogForm } from './logger.ts';

/** What Error Reporting takes a line for that carries this: https://cloud.google.com/error-reporting/docs/formatting-error-messages */
const REPORTED = 'type.googleapis.com/google.devtools.clouderrorreporting.v1beta1.ReportedErrorEvent';

/**
 * Lines as Cloud Logging and Error Reporting take them: a line stands beside its trace
 * (https://cloud.google.com/logging/docs/structured-logging), and an error is one of its service's, counted by its stack.
 */
export function cloudLogForm(about: {
  readonly project: string;
  readonly service: string;
  readonly version: string;
}): LogForm {
  const serviceContext = { service: about.service, version: about.version };
  return {
    place: ({ traceId, spanId, isRecorded, requestId }) => ({
      request_id: requestId,
      'logging.googleapis.com/trace': `projects/${about.project}/traces/${traceId}`,
      'logging.googleapis.com/spanId': spanId,
      'logging.googleapis.com/trace_sampled': isRecorded,
    }),
    // A warning that tells of an error is nothing that somebody has to mend: it is kept out of the reports.
    error: (name, told) =>
      name === 'error' ? { '@type': REPORTED, serviceContext, stack_trace: told } : { error: told },
  };
}
