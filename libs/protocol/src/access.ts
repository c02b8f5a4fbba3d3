export type Role = 'admin' | 'operator' | 'developer' | 'viewer';
export const ROLES: readonly Role[] = ['admin', 'operator', 'developer', 'viewer'];

export interface UserBody {
  readonly email: string;
  readonly role: Role;
  readonly created_at: string;
  readonly revoked: boolean;
  readonly last_used?: string;
  readonly created_by_request_id: string;
  readonly modified_by_request_id: string;
}

/** `POST /api/v1/users/create`. */
export interface CreateUserRequest {
  /** An e-mail; or `service:<name>` for a user that is no person. */
  readonly email: string;
  readonly role: Role;
}
export interface CreateUserAnswer {
  readonly user: UserBody;
  readonly claim_token: string;
}
export interface RevokeUserRequest {
  readonly email: string;
}
export interface RevokeUserAnswer {
  readonly message: string;
  readonly email: string;
}
export interface ListUsersAnswer {
  readonly users: readonly UserBody[];
}

/** `PUT /api/v1/users/{email}/role`. */
export interface ChangeUserRequest {
  readonly role: Role;
}
export interface ChangeUserAnswer {
  readonly user: UserBody;
}

/** `POST /api/v1/keys`. */
export interface CreateKeyRequest {
  /** What it is for. */
  readonly name: string;
  /** Whose; the caller's own unless given. */
  readonly user?: string;
  /** Seconds until it is refused; 0 or absent = never. */
  readonly expires_in?: number;
  /** The highest role it counts as. */
  readonly role?: Role;
  /** The only images its runs may use. */
  readonly images?: readonly string[];
  /** The only secrets it may use or read. */
  readonly secrets?: readonly string[];
  /** How many of its runs may be under way at once; 0 or absent = no limit of its own. */
  readonly max_running?: number;
}

/** A key as lists show it: never its text. */
export interface KeyBody {
  readonly key_id: string;
  readonly user: string;
  readonly name: string;
  readonly created_at: string;
  readonly expires_at?: string;
  readonly last_used?: string;
  readonly revoked: boolean;
  readonly role?: Role;
  readonly images?: readonly string[];
  readonly secrets?: readonly string[];
  /** How many of its runs may be under way at once. */
  readonly max_running?: number;
  /** The limited key that made it, or in whose place it is: the runs of both are counted together. */
  readonly counted_with?: string;
}
export interface ListKeysAnswer {
  readonly keys: readonly KeyBody[];
}

/** `POST /api/v1/keys/{id}/rotate`. */
export interface RotateKeyRequest {
  /** Seconds for which the old key works on; 0 unless given. */
  readonly overlap?: number;
}

/** 201 of `POST /api/v1/keys` and of a rotation: the only answer that holds the key. */
export interface KeyAnswer {
  readonly key: KeyBody;
  readonly api_key: string;
}

/** `GET /api/v1/whoami`. */
export interface WhoAmIAnswer {
  readonly email: string;
  /** What the user is. */
  readonly role: Role;
  /** What this key counts as. */
  readonly effective_role: Role;
  readonly key: KeyBody;
}

/** `GET /api/v1/can`. */
export interface CanAnswer {
  readonly allowed: boolean;
  /** Who holds the permission, and why the caller does or does not. */
  readonly rule: string;
}

/** `GET` or `POST /api/v1/claim/{token}`. */
export interface ClaimAnswer {
  readonly api_key: string;
  readonly user_email: string;
  readonly message: string;
}

/** 201 of `POST /api/v1/users/login-link`: a single-use way into the console for the caller. */
export interface SignInLinkAnswer {
  readonly claim_token: string;
  readonly expires_at: string;
  readonly url: string;
}
