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

/** What a histogram has seen for one set of labels. */
export interface Distribution {
  readonly labels: Labels;
  /** For each bound, how many values were not above it. */
  readonly upTo: readonly number[];
  readonly sum: number;
  readonly count: number;
}

/** A metric as it was declared, and how its values are read. */
export type Family = { readonly name: string; readonly help: string } & (
  | {
      readonly kind: 'counter' | 'gauge';
      readonly read: () => Promise<readonly Sample[]> | readonly Sample[];
    }
  | { readonly kind: 'histogram'; readonly bounds: readonly number[]; readonly read: () => readonly Distribution[] }
);

/** Beyond so many sets of labels further ones are not counted: whoever invents values fills no memory. */
const SERIES_KEPT = 5_000;

/**
 * Numbers of this process. Each is declared once, and read by whoever asks: as the text that Prometheus reads
 * (https://prometheus.io/docs/instrumenting/exposition_formats/), and by OTLP where that is on.
 */
export class Metrics {
  readonly #families: Family[] = [];
  readonly #namespace: string;

  /** `namespace`: what the names begin with in place of `runvoy`. */
  constructor(namespace = 'runvoy') {
    this.#namespace = namespace;
  }

  static readonly contentType = 'text/plain; version=0.0.4; charset=utf-8';

  get families(): readonly Family[] {
    return this.#families;
  }

  counter(name: string, help: string): Counter {
    const values = new Map<string, { readonly labels: Labels; value: number }>();
    this.#declare({ name, kind: 'counter', help, read: () => [...values.values()] });
    return {
      add(labels = {}, by = 1) {
        const one = kept(values, labels, () => ({ labels, value: 0 }));
        if (one) one.value += by;
      },
    };
  }

  /** `bounds`: the upper end of each bucket, rising; one without an end is added. */
  histogram(name: string, help: string, bounds: readonly number[]): Histogram {
    const series = new Map<string, { readonly labels: Labels; readonly upTo: number[]; sum: number; count: number }>();
    this.#declare({ name, kind: 'histogram', help, bounds, read: () => [...series.values()] });
    return {
      observe(value, labels = {}) {
        const one = kept(series, labels, () => ({ labels, upTo: bounds.map(() => 0), sum: 0, count: 0 }));
        if (!one) return;
        for (const [at, bound] of bounds.entries()) if (value <= bound) one.upTo[at]! += 1;
        one.sum += value;
        one.count += 1;
      },
    };
  }

  /** A number that is looked up when somebody asks. What cannot be looked up then is left out. */
  gauge(name: string, help: string, read: Reader): void {
    this.#declare({ name, kind: 'gauge', help, read });
  }

  /** The same for a number that only grows, which somebody else counts. */
  total(name: string, help: string, read: Reader): void {
    this.#declare({ name, kind: 'counter', help, read });
  }

  #declare(family: Family): void {
    this.#families.push({ ...family, name: family.name.replace(/^runvoy(?=_)/, this.#namespace) });
  }

  /** Everything as it is now, as text. `failed` is told of what could not be looked up. */
  async text(failed: (error: unknown, name: string) => void = () => undefined): Promise<string> {
    const families = await Promise.all(
      this.#families.map(async (family) => {
        try {
          return [family, await linesOf(family)] as const;
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

/** The series of these labels; none when it would be one too many. */
function kept<T>(series: Map<string, T>, labels: Labels, first: () => T): T | undefined {
  const key = labelText(labels);
  const known = series.get(key);
  if (known || series.size >= SERIES_KEPT) return known;
  const made = first();
  series.set(key, made);
  return made;
}

async function linesOf(family: Family): Promise<readonly string[]> {
  const { name } = family;
  if (family.kind !== 'histogram') {
    return (await family.read()).map(({ labels = {}, value }) => line(name, labelText(labels), value));
  }
  const { bounds } = family;
  return family.read().flatMap((one) => {
    const labels = labelText(one.labels);
    return [
      ...bounds.map((bound, at) => line(`${name}_bucket`, withLabel(labels, `le="${bound}"`), one.upTo[at]!)),
      line(`${name}_bucket`, withLabel(labels, 'le="+Inf"'), one.count),
      line(`${name}_sum`, labels, one.sum),
      line(`${name}_count`, labels, one.count),
    ];
  });
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
