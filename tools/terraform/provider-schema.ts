/** What an attribute or block of a provider may hold, in the form of `terraform providers schema -json`. */
export interface AttributeSchema {
  /** A type in Terraform's JSON form: `"string"`, `["list", "string"]`. */
  readonly type: unknown;
  readonly required?: boolean;
  readonly optional?: boolean;
  readonly computed?: boolean;
  /** The values that Google takes, read from the attribute's description. */
  readonly allowed_values?: readonly string[];
}

export interface NestedBlockSchema {
  readonly nesting_mode: 'single' | 'list' | 'set' | 'map' | 'group';
  readonly block: BlockSchema;
  readonly min_items?: number;
  readonly max_items?: number;
}

export interface BlockSchema {
  readonly attributes?: Readonly<Record<string, AttributeSchema>>;
  readonly block_types?: Readonly<Record<string, NestedBlockSchema>>;
}

/** The part of a provider's schema that this configuration uses. */
export interface ProviderSchema {
  /** Which provider it was taken from, with its version. */
  readonly provider: string;
  readonly resource_schemas: Readonly<Record<string, { readonly block: BlockSchema; readonly version?: number }>>;
  readonly data_source_schemas: Readonly<Record<string, { readonly block: BlockSchema; readonly version?: number }>>;
}
