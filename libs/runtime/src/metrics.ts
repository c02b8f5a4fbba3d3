/** One value of a metric, by its labels. */
export interface Sample {
  readonly labels?: Labels;
  readonly value: number;
}

export type Reader = () => Promise<readonly Sample[]> | readonly Sample[];

export type Labels = Readonly<Record<string, string>>;

/** A number that only grows while the process lives. */
export interface Counter {
  add(labels?: Labels, by?: number): void;
}

/** How often something took how long, or was how large. */
export interface Histogram {
  observe(value: number, labels?: Labels): void;
}

/** A metric as text: the lines behind its head. */
interface Family {
  readonly name: string;
  readonly kind: 'counter' | 'gauge' | 'histogram';
  readonly help: string;
  lines(): Promise<readonly string[]> | readonly string[];
}

/** Beyond so many sets of labels further ones are not counted: whoever invents values fills no memory. */
const SERIES_KEPT = 5_000;

/** Numbers of this process, in the text form that Prometheus reads: https://prometheus.io/docs/instrumenting/exposition_formats/ */
export class Metrics {
  readonly #families: Family[] = [];

  static readonly contentType = 'text/plain; version=0.0.4; charset=utf-8';

  counter(name: string, help: string): Counter {
    const values = new Map<string, number>();
    this.#families.push({
      name,
      kind: 'counter',
      help,
      lines: () => [...values].map(([labels, value]) => line(name, labels, value)),
    });
    return {
      add(labels = {}, by = 1) {
        const key = labelText(labels);
        if (values.has(key) || values.size < SERIES_KEPT) values.set(key, (values.get(key) ?? 0) + by);
      },
    };
  }

  /** `bounds`: the upper end of each bucket, rising; one without an end is added. */
  histogram(name: string, help: string, bounds: readonly number[]): Histogram {
    const series = new Map<string, { readonly buckets: number[]; sum: number; count: number }>();
    this.#families.push({
      name,
      kind: 'histogram',
      help,
      lines: () =>
        [...series].flatMap(([labels, { buckets, sum, count }]) => [
          ...bounds.map((bound, at) => line(`${name}_bucket`, withLabel(labels, `le="${bound}"`), buckets[at]!)),
          line(`${name}_bucket`, withLabel(labels, 'le="+Inf"'), count),
          line(`${name}_sum`, labels, sum),
          line(`${name}_count`, labels, count),
        ]),
    });
    return {
      observe(value, labels = {}) {
        const key = labelText(labels);
        let one = series.get(key);
        if (!one) {
          if (series.size >= SERIES_KEPT) return;
          series.set(key, (one = { buckets: bounds.map(() => 0), sum: 0, count: 0 }));
        }
        for (const [at, bound] of bounds.entries()) if (value <= bound) one.buckets[at]! += 1;
        one.sum += value;
        one.count += 1;
      },
    };
  }

  /** A number that is looked up when somebody asks. What cannot be looked up then is left out. */
  gauge(name: string, help: string, read: Reader): void {
    this.#readWhenAsked({ name, kind: 'gauge', help }, read);
  }

  /** The same for a number that only grows, which somebody else counts. */
  total(name: string, help: string, read: Reader): void {
    this.#readWhenAsked({ name, kind: 'counter', help }, read);
  }

  #readWhenAsked(head: Omit<Family, 'lines'>, read: Reader): void {
    const told = ({ labels = {}, value }: Sample) => line(head.name, labelText(labels), value);
    this.#families.push({ ...head, lines: async () => (await read()).map(told) });
  }

  /** Everything as it is now. `failed` is told of what could not be looked up. */
  async text(failed: (error: unknown, name: string) => void = () => undefined): Promise<string> {
    const families = await Promise.all(
      this.#families.map(async (family) => {
        try {
          return [family, await family.lines()] as const;
        } catch (error) {
          failed(error, family.name);
          return [family, []] as const;
        }
      }),
    );
    return families
      .filter(([, lines]) => lines.length > 0)
      .map(([{ name, kind, help }, lines]) => `# HELP ${name} ${help}\n# TYPE ${name} ${kind}\n${lines.join('\n')}\n`)
      .join('');
  }
}

function line(name: string, labels: string, value: number): string {
  return `${name}${labels === '' ? '' : `{${labels}}`} ${value}`;
}

function labelText(labels: Labels): string {
  return Object.entries(labels)
    .map(([name, value]) => `${name}="${escaped(value)}"`)
    .join(',');
}

function withLabel(labels: string, label: string): string {
  return labels === '' ? label : `${labels},${label}`;
}

function escaped(value: string): string {
  return value
    .replaceAll('\\', String.raw`\\`)
    .replaceAll('"', String.raw`\"`)
    .replaceAll('\n', String.raw`\n`);
}
