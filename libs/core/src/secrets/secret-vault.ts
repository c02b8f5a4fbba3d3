/** What a sealed value is bound to: it opens only where it was sealed for. */
export interface SealContext {
  readonly collection: string;
  readonly id: string;
  readonly field: string;
}

/**
 * The keys behind a vault, as far as one has to know of them to replace one: by id, never by value. Values are sealed with the current
 * key and opened with any.
 */
export interface SealingKeys {
  /** The id of the key that seals now. Fails with `STORE_UNAVAILABLE` when the place of the keys does not answer. */
  current(): Promise<string>;
  /** True for a key that the current one has replaced. False for any other: also for one that is newer than this process knows. */
  isOlder(id: string): Promise<boolean>;
  /**
   * Makes a new key and seals with it from now on; answers its id. Older ones stay and open what they sealed. Other processes seal with
   * it within minutes. Two calls at once make two keys.
   */
  rotate(): Promise<string>;
}

/** Seals what must not lie in the store in clear. */
export interface SecretVault {
  /** Absent where keys cannot be replaced. */
  readonly keys?: SealingKeys;
  seal(plain: Uint8Array, context: SealContext): Promise<Uint8Array>;
  /**
   * Fails with `INTERNAL_ERROR` (cause: what did not match) when tampered with, moved or sealed by an unknown key, and with
   * `STORE_UNAVAILABLE` when the place of the keys does not answer, which says nothing about the value.
   */
  open(sealed: Uint8Array, context: SealContext): Promise<Uint8Array>;
}
