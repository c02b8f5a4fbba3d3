import type { IncomingMessage } from 'node:http';
import { mayCall, type Authorize } from './authorize.ts';
import { Faults } from './faults.ts';
import type { Listening } from './grpc-server.ts';
import { answering, bodyOf, HttpRefusal, serveHttp, type HttpAnswer } from './http-server.ts';

/** A span as OTLP's JSON form has it (https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding), with its resource. */
export interface ReceivedSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  /** 1 internal, 2 server, 3 client, 4 producer, 5 consumer. */
  readonly kind: number;
  readonly startMs: number;
  readonly endMs: number;
  /** 2: an error. */
  readonly status: number;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly resource: Readonly<Record<string, unknown>>;
  readonly links: readonly { readonly traceId: string; readonly spanId: string }[];
}

/** A metric as it came, with its resource; `points` in OTLP's own form. */
export interface ReceivedMetric {
  readonly name: string;
  readonly unit: string;
  readonly kind: 'gauge' | 'sum' | 'histogram';
  readonly points: readonly Readonly<Record<string, unknown>>[];
  readonly resource: Readonly<Record<string, unknown>>;
}

/** Google's Telemetry API of one process: a receiver of OTLP over HTTP that keeps what it is sent, in memory. */
export interface FakeTelemetry extends AsyncDisposable {
  /** Opens a port on which everyone who connects is `account`. It takes JSON alone. */
  listenAs(account?: string): Promise<Listening>;
  readonly spans: readonly ReceivedSpan[];
  /** Every reading of every metric. */
  readonly metrics: readonly ReceivedMetric[];
  /** What each request had as `Authorization`. */
  readonly credentials: readonly (string | undefined)[];
  /** Resolves with what `find` finds, looked for after each request; rejects after `withinMs`. */
  until<T>(find: () => T | undefined, withinMs: number): Promise<T>;
  /** From now on it takes every request and answers none. */
  fallSilent(): void;
  /** By path: `/v1/traces`, `/v1/metrics`. */
  readonly faults: Faults;
}

/** What each path asks of an account (https://docs.cloud.google.com/iam/docs/roles-permissions/telemetry). */
const ASKS: Readonly<Record<string, string>> = {
  '/v1/traces': 'telemetry.traces.write',
  '/v1/metrics': 'monitoring.timeSeries.create',
};

/** Opens a receiver that has received nothing yet. */
export function fakeTelemetry({
  project = 'test-project',
  authorize,
}: { readonly project?: string; readonly authorize?: Authorize } = {}): FakeTelemetry {
  const spans: ReceivedSpan[] = [];
  const metrics: ReceivedMetric[] = [];
  const credentials: (string | undefined)[] = [];
  const closing: (() => Promise<unknown>)[] = [];
  const faults = new Faults();
  const waiting = new Set<() => void>();
  let isSilent = false;

  const answer = async (request: IncomingMessage, account: string | undefined): Promise<HttpAnswer> => {
    if (isSilent) await new Promise(() => undefined);
    const path = request.url?.split('?')[0] ?? '';
    const permission = ASKS[path];
    if (request.method !== 'POST' || permission === undefined) {
      throw new HttpRefusal(404, 'notFound', `This fake does not answer ${request.method} ${request.url}.`);
    }
    if (request.headers['content-type'] !== 'application/json') {
      throw new HttpRefusal(415, 'badRequest', 'This fake reads JSON alone.');
    }
    const sent = JSON.parse((await bodyOf(request)).toString()) as Export;
    credentials.push(request.headers.authorization);
    if (!mayCall(authorize, account, permission, `projects/${project}`)) {
      throw new HttpRefusal(403, 'forbidden', `${permission} is missing on projects/${project}.`);
    }
    const fault = faults.take(path);
    if (fault) throw new HttpRefusal(503, 'backendError', 'Asked to fail.');
    spans.push(...spansIn(sent));
    metrics.push(...metricsIn(sent));
    for (const look of waiting) look();
    return { status: 200, body: {} };
  };
  return {
    async listenAs(account) {
      const listening = await serveHttp(answering((request) => answer(request, account)));
      closing.push(() => listening.stop());
      return listening;
    },
    spans,
    metrics,
    credentials,
    until(find, withinMs) {
      return new Promise((resolve, reject) => {
        const timer = setTimeout(() => {
          waiting.delete(look);
          reject(new Error(`not received within ${withinMs} ms; spans: ${spans.map(({ name }) => name).join(', ')}`));
        }, withinMs);
        const look = () => {
          const found = find();
          if (found === undefined) return;
          clearTimeout(timer);
          waiting.delete(look);
          resolve(found);
        };
        waiting.add(look);
        look();
      });
    },
    fallSilent: () => void (isSilent = true),
    faults,
    async [Symbol.asyncDispose]() {
      await Promise.all(closing.map((stop) => stop()));
    },
  };
}

type Pairs = readonly { readonly key: string; readonly value: Readonly<Record<string, unknown>> }[];
type Raw = Readonly<Record<string, unknown>> & { readonly attributes?: Pairs };
interface Export {
  readonly resourceSpans?: readonly {
    readonly resource: { readonly attributes: Pairs };
    readonly scopeSpans: readonly { readonly spans: readonly Raw[] }[];
  }[];
  readonly resourceMetrics?: readonly {
    readonly resource: { readonly attributes: Pairs };
    readonly scopeMetrics: readonly { readonly metrics: readonly Raw[] }[];
  }[];
}

function spansIn({ resourceSpans = [] }: Export): ReceivedSpan[] {
  return resourceSpans.flatMap(({ resource, scopeSpans }) =>
    scopeSpans.flatMap(({ spans }) =>
      spans.map((raw) => ({
        traceId: raw['traceId'] as string,
        spanId: raw['spanId'] as string,
        ...(raw['parentSpanId'] ? { parentSpanId: raw['parentSpanId'] as string } : {}),
        name: raw['name'] as string,
        kind: raw['kind'] as number,
        startMs: Number(raw['startTimeUnixNano']) / 1e6,
        endMs: Number(raw['endTimeUnixNano']) / 1e6,
        status: (raw['status'] as { code?: number } | undefined)?.code ?? 0,
        attributes: valuesOf(raw.attributes),
        resource: valuesOf(resource.attributes),
        links: (raw['links'] ?? []) as ReceivedSpan['links'],
      })),
    ),
  );
}

function metricsIn({ resourceMetrics = [] }: Export): ReceivedMetric[] {
  return resourceMetrics.flatMap(({ resource, scopeMetrics }) =>
    scopeMetrics.flatMap(({ metrics }) =>
      metrics.flatMap((raw) => {
        const kind = (['gauge', 'sum', 'histogram'] as const).find((name) => raw[name] !== undefined);
        if (!kind) return [];
        const { dataPoints } = raw[kind] as { readonly dataPoints: readonly Raw[] };
        const points = dataPoints.map((point) => ({ ...point, attributes: valuesOf(point.attributes) }));
        const resourceValues = valuesOf(resource.attributes);
        return [{ name: String(raw['name']), unit: String(raw['unit']), kind, points, resource: resourceValues }];
      }),
    ),
  );
}

function valuesOf(pairs: Pairs = []): Record<string, unknown> {
  return Object.fromEntries(pairs.map(({ key, value }) => [key, plain(value)]));
}

function plain(value: Readonly<Record<string, unknown>>): unknown {
  const list = value['arrayValue'] as { readonly values?: readonly Readonly<Record<string, unknown>>[] } | undefined;
  return list ? (list.values ?? []).map(plain) : Object.values(value)[0];
}
