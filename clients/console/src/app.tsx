import { useSyncExternalStore } from 'react';
import { Notice } from './notice.tsx';
import { PageHeader } from './page-header.tsx';
import { usePlace } from './place.ts';
import { RunList } from './run-list.tsx';
import { RunPage } from './run-page.tsx';
import type { Session } from './session.ts';
import { SignIn } from './sign-in.tsx';

/** The whole page: sign-in, the list of runs, or one run. */
export function App({ session }: { readonly session: Session }) {
  const state = useSyncExternalStore(session.subscribe, session.state);
  const place = usePlace();
  if (state.kind === 'claiming') {
    return (
      <main className="sign-in" aria-busy="true">
        <p role="status">Signing you in…</p>
      </main>
    );
  }
  if (state.kind === 'signed-out') return <SignIn session={session} note={state.note} />;
  return (
    <div className="page">
      <PageHeader onSignOut={() => session.signOut()} />
      {state.note !== undefined && (
        <Notice tone="warn" action={{ label: 'Dismiss', act: () => session.dismissNote() }}>
          {state.note} You stay signed in with the key this browser already had.
        </Notice>
      )}
      {place.executionId === undefined ? (
        <RunList api={state.api} onSignInAgain={() => session.signOut()} />
      ) : (
        <RunPage
          key={place.executionId}
          executionId={place.executionId}
          line={place.line}
          api={state.api}
          onSignInAgain={() => session.signOut()}
        />
      )}
    </div>
  );
}
