import { Conveyor } from './conveyor.ts';
import type { FakeLogging } from './logging.ts';
import type { LogEntry } from './log-entry.ts';
import { fasterPace } from './pace.ts';
import type { Pace } from './pace.ts';
import { RetriedDeliveries } from './retried-deliveries.ts';
import { signedPost } from './signed-post.ts';
import type { MintToken, OidcToken } from './signed-post.ts';

/** A trigger on audit log entries as Terraform would declare it. */
export interface AuditTrigger {
  /** `run.googleapis.com` */
  readonly serviceName: string;
  /** `/Jobs.RunJob`, compared as it is. */
  readonly methodName: string;
  /** Where events are posted to, path included. */
  readonly destination: string;
  /** The account that calls; the audience is the destination's origin unless told. */
  readonly serviceAccount: string;
  readonly audience?: string;
}

export interface OpenTrigger {
  readonly conveyor: Conveyor<LogEntry>;
  /** How many events were not taken yet. */
  readonly outstanding: number;
  /** Status of every delivery so far; 0 for none in time. */
  readonly answers: readonly { readonly insertId: string; readonly attempt: number; readonly status: number }[];
  stop(): Promise<void>;
}

export const AUDIT_LOG_WRITTEN = 'google.cloud.audit.log.v1.written';

/**
 * Turns audit log entries into CloudEvents in binary mode and delivers them until they are taken, 10 to 600 s apart by `pace`
 * (https://cloud.google.com/eventarc/docs/retry-events).
 */
export function openAuditTrigger(
  trigger: AuditTrigger,
  { logging, mintToken, pace = fasterPace() }: { logging: FakeLogging; mintToken: MintToken; pace?: Pace },
): OpenTrigger {
  const answers: { insertId: string; attempt: number; status: number }[] = [];
  const oidcToken: OidcToken = {
    serviceAccountEmail: trigger.serviceAccount,
    audience: trigger.audience ?? new URL(trigger.destination).origin,
  };
  const deliveries = new RetriedDeliveries<LogEntry>({
    pace,
    policy: { minMs: 10_000, maxMs: 600_000 },
    async attempt(entry, attempt, signal) {
      const headers = cloudEventHeaders(entry);
      const post = { url: trigger.destination, headers, body: JSON.stringify(entry), oidcToken, deadlineMs: 60_000 };
      const status = await signedPost(mintToken, post, signal);
      answers.push({ insertId: entry.insertId, attempt, status });
      return status >= 200 && status < 300;
    },
  });
  const conveyor = new Conveyor<LogEntry>((entry) => deliveries.add(entry), pace);
  logging.onEntry((entry) => {
    const { serviceName, methodName } = entry.protoPayload ?? {};
    const isAudit = entry.logName.includes('/logs/cloudaudit.googleapis.com%2F');
    if (isAudit && serviceName === trigger.serviceName && methodName === trigger.methodName) conveyor.carry(entry);
  });
  return {
    conveyor,
    answers,
    get outstanding() {
      return deliveries.outstanding;
    },
    async stop() {
      conveyor.stop();
      await deliveries.stop();
    },
  };
}

/** The headers that were seen on real deliveries; extension attributes are lower-case without separators. */
function cloudEventHeaders(entry: LogEntry): Record<string, string> {
  const { serviceName, methodName, resourceName } = entry.protoPayload as Record<string, string>;
  const source = `//cloudaudit.googleapis.com/${entry.logName.replace('cloudaudit.googleapis.com%2F', '')}`;
  return {
    'content-type': 'application/json',
    'user-agent': 'APIs-Google; (+https://developers.google.com/webmasters/APIs-Google.html)',
    'ce-specversion': '1.0',
    'ce-type': AUDIT_LOG_WRITTEN,
    'ce-id': `${entry.logName}${entry.insertId}${Date.parse(entry.timestamp)}`,
    'ce-source': source,
    'ce-subject': `${serviceName}/${resourceName}`,
    'ce-time': entry.timestamp,
    'ce-servicename': serviceName!,
    'ce-methodname': methodName!,
    'ce-resourcename': resourceName!,
    'ce-recordedtime': entry.timestamp,
    'ce-dataschema':
      'https://googleapis.github.io/google-cloudevents/jsonschema/google/events/cloud/audit/v1/LogEntryData.json',
  };
}
