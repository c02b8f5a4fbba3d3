/** What a sealed value is bound to: it opens only where it was sealed for. */
export interface SealContext {
  readonly collection: string;
  readonly id: string;
  readonly field: string;
}

/** Seals what must not lie in the store in clear. */
export interface SecretVault {
  seal(plain: Uint8Array, context: SealContext): Promise<Uint8Array>;
  /**
   * Fails with `INTERNAL_ERROR` (cause: what did not match) when tampered with, moved or sealed by an unknown key, and with
   * `STORE_UNAVAILABLE` when the place of the keys does not answer, which says nothing about the value.
   */
  open(sealed: Uint8Array, context: SealContext): Promise<Uint8Array>;
}
