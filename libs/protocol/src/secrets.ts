/** `POST /api/v1/secrets`. */
export interface CreateSecretRequest {
  /** What runs and people call it. */
  readonly name: string;
  /** The variable that a run finds the value in. */
  readonly key_name: string;
  readonly value: string;
  readonly description?: string;
}

/** `PUT /api/v1/secrets/{name}`. As in runvoy a field that is left out or empty stays as it is. */
export interface UpdateSecretRequest {
  readonly key_name?: string;
  readonly value?: string;
  readonly description?: string;
}

/** A secret. The value is in the answer about one secret, to who may read it, and in no other. */
export interface SecretBody {
  readonly name: string;
  readonly key_name: string;
  readonly description?: string;
  readonly value?: string;
  readonly created_by: string;
  readonly updated_by: string;
  readonly owned_by: readonly string[];
  /** Who else may use it in a run; using is not reading. */
  readonly granted_to: readonly string[];
  readonly created_at: string;
  readonly updated_at: string;
  readonly created_by_request_id: string;
  readonly modified_by_request_id: string;
}

/** 200 of `GET /api/v1/secrets`. */
export interface ListSecretsAnswer {
  readonly secrets: readonly SecretBody[];
  readonly total: number;
}

/** 200 of `GET /api/v1/secrets/{name}`. */
export interface SecretAnswer {
  readonly secret: SecretBody;
}

/** What a change is answered with. */
export interface SecretMessage {
  readonly message: string;
}

/** 200 of `DELETE /api/v1/secrets/{name}`. */
export interface SecretRemoved extends SecretMessage {
  readonly name: string;
}
