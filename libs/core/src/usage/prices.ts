import type { CostBody, UsageBody } from '@runvoy/protocol';

/** What things cost here, as whoever runs the deployment read it. There is no default: nobody is shown a price we made up. */
export interface Prices {
  /** ISO 4217: `USD`. */
  readonly currency: string;
  /** Where and when the prices were read; told with each estimate. */
  readonly source: string;
  readonly vcpu_second?: number;
  readonly gib_second?: number;
  /** Per GiB of log text. */
  readonly log_gib?: number;
  /** Per record. */
  readonly store_read?: number;
  readonly store_write?: number;
}

const AMOUNTS = ['vcpu_second', 'gib_second', 'log_gib', 'store_read', 'store_write'] as const;
const PRICED: Readonly<Record<(typeof AMOUNTS)[number], string>> = {
  vcpu_second: 'vCPU',
  gib_second: 'memory',
  log_gib: 'log',
  store_read: 'store reads',
  store_write: 'store writes',
};
const GIB = 1_024 ** 3;

/** Reads a table of prices; every problem of it, or the table. */
export function readPrices(given: unknown): { readonly value: Prices } | { readonly problems: readonly string[] } {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    return { problems: ['must be a JSON object such as {"currency":"USD","source":"...","vcpu_second":0.1}'] };
  }
  const table = given as Readonly<Record<string, unknown>>;
  const problems = [
    ...textProblems(table),
    ...AMOUNTS.flatMap((name) => amountProblems(name, table[name])),
    ...Object.keys(table)
      .filter((name) => !KNOWN.includes(name))
      .map((name) => `has "${name.slice(0, 40)}", which is none of ${KNOWN.join(', ')}`),
    ...(AMOUNTS.some((name) => table[name] !== undefined) ? [] : [`has no price; there are ${AMOUNTS.join(', ')}`]),
  ];
  return problems.length > 0 ? { problems } : { value: table as unknown as Prices };
}

const KNOWN: readonly string[] = ['currency', 'source', ...AMOUNTS];

function textProblems({ currency, source }: Readonly<Record<string, unknown>>): string[] {
  return [
    ...(typeof currency === 'string' && /^[A-Z]{3}$/.test(currency)
      ? []
      : ['needs "currency" in three capital letters, such as "USD"']),
    ...(typeof source === 'string' && source.trim() !== ''
      ? []
      : ['needs "source": where and when the prices were read']),
  ];
}

function amountProblems(name: string, amount: unknown): string[] {
  if (amount === undefined) return [];
  if (typeof amount === 'number' && Number.isFinite(amount) && amount >= 0) return [];
  return [`has ${JSON.stringify(amount)?.slice(0, 40)} for "${name}"; a price is a number from 0 on`];
}

/** What the run cost by these prices. An estimate: free tiers, discounts and everything without a price are not in it. */
export function costOf(usage: UsageBody, prices: Prices): CostBody {
  const parts = [
    [prices.vcpu_second, usage.vcpu_seconds],
    [prices.gib_second, usage.gib_seconds],
    [prices.log_gib, usage.log_bytes / GIB],
    [prices.store_read, usage.store_reads],
    [prices.store_write, usage.store_writes],
  ] as const;
  const estimate = parts.reduce((sum, [price = 0, amount]) => sum + price * amount, 0);
  const priced = AMOUNTS.filter((name) => prices[name] !== undefined).map((name) => PRICED[name]);
  return {
    // A billionth: of a run of a second the parts are that small.
    estimate: Math.round(estimate * 1e9) / 1e9,
    currency: prices.currency,
    basis: `${priced.join(', ')} at the prices of ${prices.source}; before free tiers and discounts`,
  };
}
