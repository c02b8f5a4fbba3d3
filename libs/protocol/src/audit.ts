import canonicalize from 'canonicalize';

/** One change and who made it: an element of `GET /api/v1/audit`. Each names the hash of the one before, so that none can be taken out or changed unseen. */
export interface AuditBody {
  /** From 1, without gaps. */
  readonly seq: number;
  readonly at: string;
  /** `<thing>.<verb>`: `user.create`, `secret.read`. */
  readonly action: string;
  /** The user who asked. */
  readonly by: string;
  /** The key they asked with; absent for what was done beside the API. */
  readonly key_id?: string;
  readonly request_id: string;
  /** The id of the thing. */
  readonly subject: string;
  readonly details?: Readonly<Record<string, string>>;
  /** Hash of the record before; 64 zeros for the first. */
  readonly previous: string;
  /** Hex SHA-256 of `auditText`. */
  readonly hash: string;
}

/** 200 of `GET /api/v1/audit`. */
export interface ListAuditAnswer {
  readonly records: readonly AuditBody[];
  /** Pass as `after` for the older ones; absent on the last page. */
  readonly next?: string;
}

/** 200 of `GET /api/v1/audit/verify`. */
export interface VerifyAuditAnswer {
  readonly intact: boolean;
  /** How many records are there. */
  readonly records: number;
  /** Hash of the newest; kept elsewhere it proves later that nothing before it was changed. */
  readonly head: string;
  /** Where the chain breaks, and why. */
  readonly broken?: { readonly seq: number; readonly why: string };
}

/** What the hash of a record runs over: its RFC 8785 form without `hash`. */
export function auditText({ hash: _, ...rest }: AuditBody): string {
  return canonicalize(rest) ?? '';
}
