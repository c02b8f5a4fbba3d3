import type { ReactNode } from 'react';

interface NoticeProps {
  readonly tone: 'warn' | 'bad';
  readonly action?: { readonly label: string; readonly act: () => void } | undefined;
  readonly children: ReactNode;
}

/** A sentence about trouble. Stands beside what is shown, never in its place. */
export function Notice({ tone, action, children }: NoticeProps) {
  return (
    <div className="notice" data-tone={tone} role="alert">
      <p>{children}</p>
      {action !== undefined && (
        <button type="button" className="quiet" onClick={action.act}>
          {action.label}
        </button>
      )}
    </div>
  );
}
