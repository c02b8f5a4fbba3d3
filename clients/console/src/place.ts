import { useMemo, useSyncExternalStore, type MouseEvent } from 'react';
import { readPlace, type Place } from './deep-link.ts';

const MOVED = 'runvoy:moved';

/** What the address bar asks for, followed through links, back and forward. */
export function usePlace(): Place {
  const address = useSyncExternalStore(subscribe, () => window.location.search + window.location.hash);
  return useMemo(() => readPlace(window.location), [address]);
}

/** Click handler for a link within the page: no reload. Clicks that mean "new tab" stay the browser's. */
export function followLink(event: MouseEvent<HTMLAnchorElement>): void {
  if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  event.preventDefault();
  window.history.pushState(null, '', event.currentTarget.href);
  window.dispatchEvent(new Event(MOVED));
}

function subscribe(listener: () => void): () => void {
  const events = ['popstate', 'hashchange', MOVED];
  for (const name of events) window.addEventListener(name, listener);
  return () => {
    for (const name of events) window.removeEventListener(name, listener);
  };
}
