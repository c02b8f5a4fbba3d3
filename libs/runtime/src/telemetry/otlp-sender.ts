import { ExportResultCode, type ExportResult } from '@opentelemetry/core';
import { OTLPExporterBase } from '@opentelemetry/otlp-exporter-base';
import { createOtlpHttpExportDelegate, httpAgentFactoryFromOptions } from '@opentelemetry/otlp-exporter-base/node-http';
import type { IExporterMetricsHelper, ISerializer } from '@opentelemetry/otlp-transformer';
import type { Logger } from '../logger.ts';
import type { OtlpTarget, TelemetrySettings } from '../telemetry-settings.ts';

/** Batches on their way at once; further ones are given up. */
const IN_FLIGHT = 4;

/** How a kind of data is written. */
export interface Forms<Data, Answer> {
  readonly protobuf: ISerializer<Data, Answer>;
  readonly json: ISerializer<Data, Answer>;
  readonly counts: IExporterMetricsHelper<Data>;
}

/** Sends batches to one receiver. When it takes them no more, and when it does again, the log says so, once each. */
export class OtlpSender<Data, Answer> extends OTLPExporterBase<Data> {
  readonly #logger: Logger;
  readonly #what: string;
  #isLost = false;

  constructor(
    what: 'spans' | 'metrics',
    target: OtlpTarget,
    forms: Forms<Data, Answer>,
    about: { readonly settings: TelemetrySettings; readonly logger: Logger },
  ) {
    const { protocol, timeoutMs } = about.settings;
    const isJson = protocol === 'http/json';
    const type = isJson ? 'application/json' : 'application/x-protobuf';
    const options = {
      url: target.url,
      headers: async () => ({ ...(await target.headers().catch(() => ({}))), 'Content-Type': type }),
      timeoutMillis: timeoutMs,
      concurrencyLimit: IN_FLIGHT,
      compression: 'none' as const,
      agentFactory: httpAgentFactoryFromOptions({ keepAlive: true }),
    };
    super(createOtlpHttpExportDelegate(options, isJson ? forms.json : forms.protobuf, what, forms.counts, undefined));
    this.#what = what;
    this.#logger = about.logger;
  }

  override export(items: Data, told: (result: ExportResult) => void): void {
    super.export(items, (result) => {
      this.#note(result);
      told(result);
    });
  }

  #note({ code, error }: ExportResult): void {
    const isLost = code !== ExportResultCode.SUCCESS;
    if (isLost === this.#isLost) return;
    this.#isLost = isLost;
    if (isLost) this.#logger.warn(`${this.#what} are not taken by their receiver and are lost`, { error });
    else this.#logger.info(`${this.#what} are taken by their receiver again`);
  }
}
