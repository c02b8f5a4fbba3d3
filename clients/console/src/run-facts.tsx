import { isTerminal, type ExecutionStatusBody, type UsageBody } from '@runvoy/protocol';
import type { ReactNode } from 'react';
import { durationText, wholeSecondsText } from '@runvoy/sdk/texts';
import { Moment } from './moment.tsx';
import { useNow } from './use-now.ts';

/** The figures of a run. */
export function RunFacts({ run }: { readonly run: ExecutionStatusBody }) {
  const now = useNow(isTerminal(run.status) ? 10_000 : 250);
  const started = Date.parse(run.started_at);
  const tookMs =
    run.duration_ms ?? (run.completed_at === undefined ? undefined : Date.parse(run.completed_at) - started);
  return (
    <dl className="facts">
      <Fact name="Exit code">
        {run.exit_code === null || !isTerminal(run.status) ? (
          <span className="muted">not yet</span>
        ) : (
          <span className="exit-code" data-testid="exit-code" data-bad={run.status === 'FAILED'}>
            {run.exit_code}
          </span>
        )}
      </Fact>
      <Fact name={isTerminal(run.status) ? 'Took' : 'So far'}>
        {tookMs !== undefined
          ? durationText(tookMs)
          : isTerminal(run.status)
            ? '–'
            : wholeSecondsText(Math.floor(Math.max(0, now - started) / 1_000))}
      </Fact>
      <Fact name="Started">
        <Moment at={run.started_at} now={now} />
      </Fact>
      <Fact name="Isolation">{run.isolation}</Fact>
      <Fact name="Image">{run.image_id}</Fact>
      {run.usage && <Fact name="Used">{usedText(run.usage)}</Fact>}
      {run.cost && (
        <Fact name="Cost">
          <span title={run.cost.basis}>{`about ${run.cost.estimate.toFixed(6)} ${run.cost.currency}`}</span>
        </Fact>
      )}
      <Fact name="Run">
        <code className="run-id">{run.execution_id}</code>
      </Fact>
    </dl>
  );
}

const amounts = new Intl.NumberFormat('en', { maximumFractionDigits: 1 });

function usedText({ vcpu_seconds, gib_seconds, basis }: UsageBody): ReactNode {
  return <span title={basis}>{`${amounts.format(vcpu_seconds)} vCPU-s · ${amounts.format(gib_seconds)} GiB-s`}</span>;
}

function Fact({ name, children }: { readonly name: string; readonly children: ReactNode }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}
