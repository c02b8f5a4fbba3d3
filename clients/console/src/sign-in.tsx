import { useState, type FormEvent } from 'react';
import { problemOf } from './api-problem.ts';
import { Notice } from './notice.tsx';
import type { Session } from './session.ts';
import { useTitle } from './use-title.ts';

interface SignInProps {
  readonly session: Session;
  /** Why the reader is here, when it is not by choice. */
  readonly note: string | undefined;
}

/** Sign in by pasting a key; by link it happens before this is shown. */
export function SignIn({ session, note }: SignInProps) {
  useTitle('Sign in');
  const [key, setKey] = useState('');
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string>();

  async function submit(event: FormEvent) {
    event.preventDefault();
    setBusy(true);
    setProblem(undefined);
    try {
      await session.signIn(key.trim());
    } catch (cause) {
      setProblem(problemOf(cause).message);
      setBusy(false);
    }
  }

  return (
    <main className="sign-in">
      <p className="wordmark">
        <span aria-hidden="true" className="wordmark-sign">
          ❯
        </span>
        runvoy
      </p>
      {note !== undefined && <Notice tone="warn">{note}</Notice>}
      <form className="card" data-testid="sign-in" onSubmit={(event) => void submit(event)}>
        <h1>Sign in</h1>
        <label htmlFor="api-key">API key</label>
        <input
          id="api-key"
          type="password"
          value={key}
          onChange={(event) => setKey(event.target.value)}
          placeholder="rvy_…"
          autoComplete="off"
          spellCheck={false}
          required
          autoFocus
          aria-describedby={problem === undefined ? undefined : 'api-key-problem'}
        />
        {problem !== undefined && (
          <p id="api-key-problem" className="field-problem" role="alert">
            {problem}
          </p>
        )}
        <button type="submit" className="primary" disabled={busy || key.trim() === ''}>
          {busy ? 'Signing in…' : 'Sign in'}
        </button>
      </form>
      <p className="hint">
        No key at hand? Where the server runs, this prints a fresh sign-in link:
        <code className="command-line">./runvoy local login</code>
      </p>
    </main>
  );
}
