import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  ParentBasedSampler,
  TraceIdRatioBasedSampler,
  type Sampler,
} from '@opentelemetry/sdk-trace';
import type { TelemetrySettings } from '../telemetry-settings.ts';

/** The sampler that `OTEL_TRACES_SAMPLER` names. */
export function samplerOf({ sampler, samplerRatio }: Pick<TelemetrySettings, 'sampler' | 'samplerRatio'>): Sampler {
  const word = sampler.replace(/^parentbased_/, '');
  const root =
    word === 'always_on'
      ? new AlwaysOnSampler()
      : word === 'always_off'
        ? new AlwaysOffSampler()
        : new TraceIdRatioBasedSampler(samplerRatio);
  return word === sampler ? root : new ParentBasedSampler({ root });
}
