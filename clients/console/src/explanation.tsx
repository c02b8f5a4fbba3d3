import type { ExecutionStatusBody, ExplainBody } from '@runvoy/protocol';
import type { RunvoyClient } from '@runvoy/sdk/client';
import { explainSections } from '@runvoy/sdk/texts';
import { useEffect, useState } from 'react';
import { problemOf } from './api-problem.ts';
import { explanationMoment } from './explanation-moment.ts';

interface ExplanationProps {
  readonly api: RunvoyClient;
  readonly run: ExecutionStatusBody;
}

/** Why a run is as it is, what it waits for and what comes next: asked for when somebody wants to know. */
export function Explanation({ api, run }: ExplanationProps) {
  const [isOpen, setOpen] = useState(false);
  const told = useExplanation(api, run, isOpen);
  return (
    <details className="explanation" data-testid="explanation" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>Why it is so, and what comes next</summary>
      {typeof told === 'string' && <p role="status">{told}</p>}
      {typeof told === 'object' &&
        explainSections(told).map(({ title, sentences }) => (
          <section key={title}>
            <h2>{title}</h2>
            <ul>
              {sentences.map(({ at, text }, index) => (
                <li key={index}>
                  {at !== undefined && <time dateTime={at}>{at.replace('T', ' ').replace(/\.\d+Z$/, ' UTC')}</time>}
                  {text}
                </li>
              ))}
            </ul>
          </section>
        ))}
    </details>
  );
}

/** The explanation, or what to say in its place; undefined while nobody has asked. What was told stays until it is told anew. */
function useExplanation(api: RunvoyClient, run: ExecutionStatusBody, isWanted: boolean) {
  const [told, setTold] = useState<ExplainBody | string>();
  const moment = explanationMoment(run);
  const id = run.execution_id;
  useEffect(() => {
    if (!isWanted) return undefined;
    let isCurrent = true;
    setTold((known) => known ?? 'Asking the server.');
    api.explain(id).then(
      (body) => isCurrent && setTold(body),
      (cause: unknown) => isCurrent && setTold(problemOf(cause).message),
    );
    return () => {
      isCurrent = false;
    };
  }, [api, id, moment, isWanted]);
  return told;
}
