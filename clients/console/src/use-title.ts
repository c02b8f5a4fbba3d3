import { useEffect } from 'react';

/** Names the tab, so that a background tab tells how its run is doing. */
export function useTitle(title: string): void {
  useEffect(() => {
    document.title = `${title} · runvoy`;
  }, [title]);
}
