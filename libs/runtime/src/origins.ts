/**
 * Whether a page's origin is one of those that were configured: compared without trailing slashes and case; `*` allows every origin.
 */
export function originsIn(configured: readonly string[]): (origin: string) => boolean {
  const plain = (origin: string) => origin.replace(/\/+$/, '').toLowerCase();
  const origins = new Set(configured.map(plain));
  return (origin) => origins.has('*') || origins.has(plain(origin));
}
