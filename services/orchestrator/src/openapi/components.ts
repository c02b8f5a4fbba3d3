import { isDeepStrictEqual } from 'node:util';

type Json = Record<string, unknown>;

/**
 * The named schemas of a document. A schema with a `title` is a component of that name, wherever it stands; the others stay where they
 * are.
 */
export class Components {
  readonly #schemas = new Map<string, unknown>();

  /** The schema with a reference in place of every named one. */
  place(schema: unknown): unknown {
    if (Array.isArray(schema)) return schema.map((element) => this.place(element));
    if (typeof schema !== 'object' || schema === null) return schema;
    // A default or an example is a value: whatever is called `title` in it names nothing.
    const placed = Object.fromEntries(
      Object.entries(schema).map(([key, value]) => [key, VALUES.has(key) ? value : this.place(value)]),
    );
    const { title } = schema as Json;
    return typeof title === 'string' ? this.#named(title, placed) : placed;
  }

  /** All of them, by name. */
  all(): Readonly<Record<string, unknown>> {
    return Object.fromEntries([...this.#schemas].toSorted(([a], [b]) => (a < b ? -1 : 1)));
  }

  #named(title: string, { title: _, ...placed }: Json): Json {
    const known = this.#schemas.get(title);
    if (known !== undefined && !isDeepStrictEqual(known, placed)) {
      throw new Error(`Two schemas of the API are called ${title} and are not the same. Give one another title.`);
    }
    this.#schemas.set(title, placed);
    return { $ref: `#/components/schemas/${title}` };
  }
}

const VALUES: ReadonlySet<string> = new Set(['examples', 'default', 'const', 'enum']);
