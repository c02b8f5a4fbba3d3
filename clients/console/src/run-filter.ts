import type { ListQuery } from '@runvoy/sdk/client';

/** What the list of runs is narrowed to; all of it has to be true of a run. Empty texts narrow nothing. */
export interface RunFilter {
  /** As the API takes it: several separated by commas. */
  readonly status: string;
  readonly user: string;
  /** `key=value`. */
  readonly label: string;
  readonly image: string;
}

const FIELDS = ['status', 'user', 'label', 'image'] as const satisfies readonly (keyof RunFilter)[];

/** The statuses that one looks for, as a person calls them. */
export const STATUS_CHOICES = [
  { value: '', word: 'Any status' },
  { value: 'STARTING,RUNNING,TERMINATING', word: 'Under way' },
  { value: 'SUCCEEDED', word: 'Succeeded' },
  { value: 'FAILED', word: 'Failed' },
  { value: 'STOPPED', word: 'Stopped' },
] as const;

/** Reads a filter from the query of an address. */
export function readRunFilter(search: string): RunFilter {
  const query = new URLSearchParams(search);
  const [status, user, label, image] = FIELDS.map((name) => query.get(name)?.trim() ?? '');
  return { status: status!, user: user!, label: label!, image: image! };
}

/** The address of the runs that a filter leaves: it can be kept and sent on. */
export function runsHref(filter: RunFilter): string {
  const given = FIELDS.flatMap((name) => (filter[name].trim() === '' ? [] : [[name, filter[name].trim()]]));
  return given.length === 0 ? '/' : `/?${new URLSearchParams(given)}`;
}

/** The filter as the API takes it. */
export function filterQuery({ status, user, label, image }: RunFilter): ListQuery {
  return {
    ...(status === '' ? {} : { status }),
    ...(user === '' ? {} : { user }),
    ...(label === '' ? {} : { labels: [label] }),
    ...(image === '' ? {} : { image }),
  };
}

export function isFiltered(filter: RunFilter): boolean {
  return FIELDS.some((name) => filter[name] !== '');
}
