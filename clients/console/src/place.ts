import { useMemo, useSyncExternalStore, type MouseEvent } from 'react';
import { readPlace, runHref, type Place } from './deep-link.ts';
import { readRunFilter, type RunFilter } from './run-filter.ts';

const MOVED = 'runvoy:moved';

/** What the address bar asks for, followed through links, back and forward. */
export function usePlace(): Place {
  const address = useSyncExternalStore(subscribe, () => window.location.search + window.location.hash);
  return useMemo(() => readPlace(window.location), [address]);
}

/** What the address bar narrows the list of runs to. */
export function useRunFilter(): RunFilter {
  const search = useSyncExternalStore(subscribe, () => window.location.search);
  return useMemo(() => readRunFilter(search), [search]);
}

/** Goes to another address of this page, as a link would. */
export function moveTo(href: string): void {
  window.history.pushState(null, '', href);
  window.dispatchEvent(new Event(MOVED));
}

/** Click handler for a link within the page: no reload. Clicks that mean "new tab" stay the browser's. */
export function followLink(event: MouseEvent<HTMLAnchorElement>): void {
  if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  event.preventDefault();
  moveTo(event.currentTarget.href);
}

/** Points the address at a line of a run, in place of where it pointed before. */
export function goToLine(executionId: string, line: number): void {
  window.history.replaceState(null, '', runHref(executionId, line));
  window.dispatchEvent(new Event(MOVED));
}

function subscribe(listener: () => void): () => void {
  const events = ['popstate', 'hashchange', MOVED];
  for (const name of events) window.addEventListener(name, listener);
  return () => {
    for (const name of events) window.removeEventListener(name, listener);
  };
}
