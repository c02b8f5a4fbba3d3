import type { RunvoyClient } from '@runvoy/sdk/client';
import { openApi } from './api.ts';
import { problemOf } from './api-problem.ts';
import { takeClaim } from './deep-link.ts';
import { forgetKey, readStoredKey, storeKey } from './stored-key.ts';

export type SessionState =
  | { readonly kind: 'signed-out'; readonly note: string | undefined }
  /** A sign-in link is being redeemed. */
  | { readonly kind: 'claiming' }
  | { readonly kind: 'signed-in'; readonly api: RunvoyClient; readonly note: string | undefined };

const SPENT_LINK =
  'This sign-in link has been used or is too old: each works once, for 15 minutes. “./runvoy local login” prints another.';

/** Who this browser is to the server. Lives outside React so that a single-use link is redeemed exactly once. */
export class Session {
  readonly #window: Window;
  #state: SessionState;
  #listeners = new Set<() => void>();

  constructor(window: Window) {
    this.#window = window;
    this.#state = this.#fromStorage(undefined);
    // A link pasted into the address bar of an open page only changes its fragment.
    window.addEventListener('hashchange', () => this.takeClaimFromAddress());
    window.addEventListener('storage', () => this.#become(this.#fromStorage(undefined)));
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };
  readonly state = (): SessionState => this.#state;

  /** Redeems `#claim=…`, if the address carries one, and removes it from the address. */
  takeClaimFromAddress(): void {
    const { location, history } = this.#window;
    const { claim, rest } = takeClaim(location.hash);
    if (claim === undefined) return;
    history.replaceState(history.state, '', location.pathname + location.search + rest);
    void this.#redeem(claim);
  }

  /** Keeps `key` once the server has accepted it; fails with a `RunvoyError` otherwise. */
  async signIn(key: string): Promise<void> {
    await openApi(key).list({ limit: '1' });
    this.#keep(key);
  }

  signOut(note?: string): void {
    forgetKey(this.#window.localStorage);
    this.#become({ kind: 'signed-out', note });
  }

  dismissNote(): void {
    this.#become(this.#fromStorage(undefined));
  }

  async #redeem(claim: string): Promise<void> {
    this.#become({ kind: 'claiming' });
    try {
      this.#keep((await openApi().claim(claim)).api_key);
    } catch (problem) {
      this.#become(this.#fromStorage(claimNote(problem)));
    }
  }

  #keep(key: string): void {
    storeKey(this.#window.localStorage, key);
    this.#become(this.#fromStorage(undefined));
  }

  #fromStorage(note: string | undefined): SessionState {
    const key = readStoredKey(this.#window.localStorage);
    return key === undefined ? { kind: 'signed-out', note } : { kind: 'signed-in', api: openApi(key), note };
  }

  #become(state: SessionState): void {
    this.#state = state;
    for (const listener of this.#listeners) listener();
  }
}

function claimNote(cause: unknown): string {
  const problem = problemOf(cause);
  return problem.kind === 'not_found' || problem.kind === 'conflict' ? SPENT_LINK : problem.message;
}
