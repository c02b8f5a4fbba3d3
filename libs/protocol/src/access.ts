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
