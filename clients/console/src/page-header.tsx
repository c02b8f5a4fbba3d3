import { followLink } from './place.ts';

/** The line on top of every page. */
export function PageHeader({ onSignOut }: { readonly onSignOut: () => void }) {
  return (
    <header className="page-header">
      <a className="wordmark" href="/" onClick={followLink}>
        <span aria-hidden="true" className="wordmark-sign">
          ❯
        </span>
        runvoy
      </a>
      <button type="button" className="quiet" onClick={onSignOut} data-testid="sign-out">
        Sign out
      </button>
    </header>
  );
}
