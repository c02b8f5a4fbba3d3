import { useEffect, useRef, useState, type FormEvent, type KeyboardEvent } from 'react';
import type { RunvoyClient } from '@runvoy/sdk/client';
import { problemOf } from './api-problem.ts';
import { countText, findFirstError, findLines, nextHit, type FoundLines, type SearchText } from './log-search.ts';

interface SearchBoxProps {
  readonly api: RunvoyClient;
  readonly executionId: string;
  /** The line that the address points at. */
  readonly line: number | undefined;
  /** How far the log is known here: beyond what was searched there may be more. */
  readonly through: number;
  readonly onGo: (line: number) => void;
  /** The lines that were found, to be marked. */
  readonly onFound: (lines: ReadonlySet<number>) => void;
}

interface Search extends SearchText {
  readonly found: FoundLines | undefined;
}

const NO_SEARCH: Search = { q: '', regex: false, found: undefined };

/** Searches the log on the server, also where it is not loaded here, and goes from hit to hit. */
export function SearchBox({ api, executionId, line, through, onGo, onFound }: SearchBoxProps) {
  const [q, setQ] = useState('');
  const [regex, setRegex] = useState(false);
  const [search, setSearch] = useState(NO_SEARCH);
  const [note, setNote] = useState<string>();
  const running = useRef<AbortController>(undefined);
  useEffect(() => () => running.current?.abort(), []);

  function show(next: Search) {
    setSearch(next);
    onFound(new Set(next.found?.lines));
  }

  /** Runs one search at a time; the one before is abandoned. */
  async function ask(work: (signal: AbortSignal) => Promise<void>) {
    running.current?.abort();
    const { signal } = (running.current = new AbortController());
    setNote(undefined);
    try {
      await work(signal);
    } catch (cause) {
      if (!signal.aborted) setNote(problemOf(cause).message);
    }
  }

  function find(before: FoundLines | undefined, forwards: boolean) {
    const text = { q, regex };
    return ask(async (signal) => {
      let at: number | undefined;
      for await (const found of findLines(api, executionId, text, before, signal)) {
        show({ ...text, found });
        if (at !== undefined) continue;
        at = nextHit(found.lines, line, forwards);
        if (at !== undefined) onGo(at);
      }
    });
  }

  async function go(forwards: boolean) {
    if (q === '') return show(NO_SEARCH);
    const { found } = search;
    if (!found || search.q !== q || search.regex !== regex) return find(undefined, forwards);
    const isAtEnd = line === undefined || line >= (found.lines.at(-1) ?? 0);
    // The run may have written more since.
    if (forwards && isAtEnd && found.through < through) return find(found, forwards);
    const at = nextHit(found.lines, line, forwards);
    if (at !== undefined) onGo(at);
  }

  function firstError() {
    return ask(async (signal) => {
      const first = await findFirstError(api, executionId, signal);
      if (first) onGo(first.seq);
      if (first?.because === 'last_lines') setNote('No line looks like an error; these are the last lines.');
      else if (!first) setNote('No line looks like an error.');
    });
  }

  function pressed(event: KeyboardEvent<HTMLInputElement>) {
    if (event.key !== 'Enter' || !event.shiftKey) return;
    event.preventDefault();
    void go(false);
  }

  const isShown = search.found !== undefined && search.q === q && search.regex === regex;
  return (
    <form
      role="search"
      className="log-search"
      onSubmit={(event: FormEvent) => {
        event.preventDefault();
        void go(true);
      }}
    >
      <input
        type="search"
        value={q}
        onChange={(event) => {
          setQ(event.target.value);
          if (event.target.value === '') show(NO_SEARCH);
        }}
        onKeyDown={pressed}
        placeholder="Search the log"
        aria-label="Search the log"
        maxLength={256}
        data-testid="search"
      />
      <button
        type="button"
        className="quiet"
        aria-pressed={regex}
        title="Regular expression (RE2)"
        aria-label="Regular expression"
        onClick={() => setRegex(!regex)}
      >
        .*
      </button>
      <button type="button" className="quiet" aria-label="Previous hit" onClick={() => void go(false)}>
        ↑
      </button>
      <button type="submit" className="quiet" aria-label="Next hit">
        ↓
      </button>
      <span className="muted figure-text" role="status" data-testid="search-count">
        {note ?? (isShown ? countText(search.found, line) : '')}
      </span>
      <button type="button" className="quiet" data-testid="first-error" onClick={() => void firstError()}>
        First error
      </button>
    </form>
  );
}
