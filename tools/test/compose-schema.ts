/** An object with these members and no others; attributes that begin with `x-` are whoever's extension, at every level. */
const only = (properties: Readonly<Record<string, unknown>>, required: readonly string[] = []) => ({
  type: 'object',
  properties,
  required,
  patternProperties: { '^x-': {} },
  additionalProperties: false,
});

const NAME = '^[a-zA-Z0-9._-]+$';
const named = (schema: unknown) => ({
  type: 'object',
  patternProperties: { [NAME]: schema },
  additionalProperties: false,
});
const WORDS = { type: 'array', items: { type: 'string' } };
/** `{value}{unit}`, as often as there are units. */
const DURATION = { type: 'string', pattern: '^(\\d+(us|ms|s|m|h))+$' };
const VARIABLES = { type: 'object', patternProperties: { '.+': { type: ['string', 'number', 'boolean', 'null'] } } };
/** Short form: `[address:][from[-to]:]port[-to][/protocol]`. */
const PORT = { type: 'string', pattern: '^(\\d+(\\.\\d+){3}:)?(\\d+(-\\d+)?:)?\\d+(-\\d+)?(/(tcp|udp))?$' };

const HEALTHCHECK = only({
  test: { anyOf: [{ type: 'string' }, { ...WORDS, minItems: 1 }] },
  interval: DURATION,
  timeout: DURATION,
  start_period: DURATION,
  start_interval: DURATION,
  retries: { type: 'integer', minimum: 0 },
  disable: { type: 'boolean' },
});

const SERVICE = {
  ...only({
    image: { type: 'string', minLength: 1 },
    build: only({
      context: { type: 'string' },
      dockerfile: { type: 'string' },
      target: { type: 'string' },
      args: VARIABLES,
    }),
    command: { anyOf: [{ type: 'string' }, WORDS] },
    init: { type: 'boolean' },
    privileged: { type: 'boolean' },
    environment: VARIABLES,
    ports: { type: 'array', items: PORT, uniqueItems: true },
    healthcheck: HEALTHCHECK,
    depends_on: named(
      only(
        {
          condition: { enum: ['service_started', 'service_healthy', 'service_completed_successfully'] },
          restart: { type: 'boolean' },
          required: { type: 'boolean' },
        },
        ['condition'],
      ),
    ),
  }),
  anyOf: [{ required: ['image'] }, { required: ['build'] }],
};

/**
 * The Compose Specification as far as our file uses it, as a JSON schema: https://github.com/compose-spec/compose-spec/blob/main/spec.md.
 * What is not here is refused, so an attribute that is new to our file has to be looked up there first.
 */
export const COMPOSE_SCHEMA = only(
  { name: { type: 'string', pattern: '^[a-z0-9][a-z0-9_-]*$' }, services: named(SERVICE) },
  ['services'],
);
