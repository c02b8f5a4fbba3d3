/** One google.logging.v2.LogEntry in its JSON form. Numbers inside `jsonPayload` and `protoPayload` are doubles. */
export type LogEntry = {
  logName: string;
  resource: { type: string; labels: Record<string, string> };
  insertId: string;
  /** RFC 3339. */
  timestamp: string;
  receiveTimestamp: string;
  /** Absent means DEFAULT. */
  severity?: string;
  labels?: Record<string, string>;
  textPayload?: string;
  jsonPayload?: Record<string, unknown>;
  protoPayload?: Record<string, unknown>;
  httpRequest?: Record<string, unknown>;
  operation?: Record<string, unknown>;
  sourceLocation?: Record<string, unknown>;
  trace?: string;
  spanId?: string;
  traceSampled?: boolean;
  split?: { uid: string; index: number; totalSplits: number };
};
