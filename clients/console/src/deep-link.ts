/** What an address asks the page to show. */
export interface Place {
  readonly executionId: string | undefined;
  /** A line to jump to, from `#L123`. */
  readonly line: number | undefined;
}

/** The parts of an address that matter here; `window.location` fits. */
export interface Address {
  readonly search: string;
  readonly hash: string;
}

// The last two are spellings that older links of runvoy's web app carry.
const ID_PARAMETERS = ['execution_id', 'executionId', 'executionID'];

/** Reads which run, and which of its lines, an address points at. */
export function readPlace({ search, hash }: Address): Place {
  const query = new URLSearchParams(search);
  const executionId = ID_PARAMETERS.map((name) => query.get(name)?.trim()).find((id) => id);
  const line = fragmentParts(hash)
    .map((part) => /^L([1-9]\d{0,14})$/.exec(part)?.[1])
    .find((digits) => digits !== undefined);
  return { executionId, line: line === undefined ? undefined : Number(line) };
}

/** Splits a one-time claim token from a fragment; `rest` is what may stay in the address bar. */
export function takeClaim(hash: string): { readonly claim: string | undefined; readonly rest: string } {
  const parts = fragmentParts(hash);
  const claimPart = parts.find((part) => part.startsWith('claim='));
  const rest = parts.filter((part) => !part.startsWith('claim=')).join('&');
  return { claim: decoded(claimPart?.slice('claim='.length)) || undefined, rest: rest === '' ? '' : `#${rest}` };
}

/** The address of a run, or of one of its lines. */
export function runHref(executionId: string, line?: number): string {
  return `/logs?execution_id=${encodeURIComponent(executionId)}${line === undefined ? '' : `#L${line}`}`;
}

function fragmentParts(hash: string): string[] {
  return hash
    .replace(/^#/, '')
    .split('&')
    .filter((part) => part !== '');
}

/** A broken escape is passed on as it came: the server then names the token as unknown, which is the truth. */
function decoded(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
