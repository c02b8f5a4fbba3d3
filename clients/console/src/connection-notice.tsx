import { wholeSecondsText } from '@runvoy/sdk/texts';
import { Notice } from './notice.tsx';
import type { Connection } from './run-state.ts';
import { useNow } from './use-now.ts';

interface ConnectionNoticeProps {
  readonly connection: Connection;
  readonly onSignInAgain: () => void;
  readonly onReadAgain: () => void;
}

/** Says what stands between this page and the run; nothing when all is well. */
export function ConnectionNotice({ connection, onSignInAgain, onReadAgain }: ConnectionNoticeProps) {
  switch (connection.kind) {
    case 'waiting':
      return <Waiting untilMs={connection.untilMs} why={connection.problem?.message} />;
    case 'refused':
      return connection.problem.kind === 'unauthorized' ? (
        <Notice tone="bad" action={{ label: 'Sign in again', act: onSignInAgain }}>
          {connection.problem.message}
        </Notice>
      ) : (
        <Notice tone="bad" action={{ label: 'Try again', act: onReadAgain }}>
          {connection.problem.message}
        </Notice>
      );
    default:
      return null;
  }
}

function Waiting({ untilMs, why }: { readonly untilMs: number; readonly why: string | undefined }) {
  const left = untilMs - useNow(250);
  return (
    <Notice tone="warn">
      {why ?? 'The live connection broke off.'} The run is not affected; reading goes on where it stopped
      {left > 1_000 ? `, next attempt in ${wholeSecondsText(Math.ceil(left / 1_000))}.` : ', trying now.'}
    </Notice>
  );
}
