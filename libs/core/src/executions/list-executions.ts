import { isTerminal, type ExecutionStatus } from '@runvoy/protocol';
import { listImages, sameNameAndTag } from '../images/resolve-image.ts';
import { matchingPage, type MatchPlan } from '../records/matching-page.ts';
import type { Cursor, DeclaredQuery, IndexableValue, QueryArgs, Records } from '../records/records.ts';
import type { Millis } from '../time/clock.ts';
import {
  executionsByStatus,
  executionsNewestFirst,
  executionsOfImages,
  executionsOfUser,
  executionsWithLabel,
  type Execution,
} from './execution.ts';

/** What somebody looks for. All of it has to be true of a run. */
export interface ExecutionFilter {
  readonly statuses?: readonly ExecutionStatus[];
  /** An id, or a reference: every registration of it. */
  readonly image?: string;
  /** As `key=value`. */
  readonly labels?: readonly string[];
  readonly user?: string;
  /** Started not before and not after, ms since the epoch. */
  readonly sinceMs?: Millis;
  readonly untilMs?: Millis;
}

/** Runs, newest first, and where the next ones begin. */
export interface ExecutionPage {
  readonly executions: readonly Execution[];
  /** There may be more. A page can hold fewer than were asked for and still have a next one. */
  readonly next?: Cursor;
}

/** Firestore's bound on the values of one `in`. */
const MAX_ONE_OF = 30;

/**
 * Runs that the filter matches, newest first; `limit` undefined: all there are. One part of the filter is answered by an index, so that
 * a page costs the same however long the history is; a run that only the rest rules out is read and left out, at most 2,000 for one
 * page. The cursor belongs to its filter: with another it fails with `INVALID_REQUEST`.
 */
export async function listExecutions(
  records: Records,
  filter: ExecutionFilter,
  page: { readonly limit: number | undefined; readonly after?: Cursor | undefined },
): Promise<ExecutionPage> {
  const plan = await planOf(records, filter);
  if (!plan) return { executions: [] };
  const { found, next } = await matchingPage(records, plan, page);
  return { executions: found, ...(next === undefined ? {} : { next }) };
}

/** Undefined when nothing can match. */
async function planOf(records: Records, filter: ExecutionFilter): Promise<MatchPlan<Execution> | undefined> {
  const { statuses, labels = [], user } = filter;
  if (statuses?.length === 0) return undefined;
  const imageIds = filter.image === undefined ? undefined : await idsOfImage(records, filter.image);
  const range = rangeOf(filter);
  const matches = (run: Execution) =>
    (statuses === undefined || statuses.includes(run.status)) &&
    (user === undefined || run.created_by === user) &&
    (imageIds === undefined || imageIds.includes(run.image_id)) &&
    labels.every((pair) => run.label_pairs?.includes(pair));
  const given = labels.length + [statuses, user, imageIds].filter((part) => part !== undefined).length;
  const by = (query: DeclaredQuery<Execution>, args: Omit<QueryArgs, 'limit'> = {}): MatchPlan<Execution> => ({
    query,
    args: { ...args, ...range },
    matches,
    hasRest: given > 1 || (imageIds?.length ?? 0) > MAX_ONE_OF,
  });
  // Of runs that are under way there are few, whoever they belong to.
  const areFew = statuses?.every((status) => !isTerminal(status));
  if (statuses && (areFew || given === 1)) return by(executionsByStatus, { oneOf: statuses });
  if (labels[0] !== undefined) return by(executionsWithLabel, { equal: { label_pairs: labels[0] } });
  if (user !== undefined) return by(executionsOfUser, { equal: { created_by: user } });
  if (imageIds && imageIds.length <= MAX_ONE_OF) return by(executionsOfImages, { oneOf: imageIds });
  return by(executionsNewestFirst);
}

/** Results are newest first, so that they begin at the later bound. */
function rangeOf({ sinceMs, untilMs }: ExecutionFilter): { from?: IndexableValue; to?: IndexableValue } {
  return {
    ...(untilMs === undefined ? {} : { from: untilMs }),
    ...(sinceMs === undefined ? {} : { to: sinceMs }),
  };
}

/** The ids a text may mean: itself, and every registration of that reference, or of its name and tag. */
async function idsOfImage(records: Records, text: string): Promise<readonly string[]> {
  const images = await listImages(records);
  const exact = images.filter(({ image }) => image === text);
  const meant = exact.length > 0 ? exact : images.filter(({ image }) => sameNameAndTag(image, text));
  return [...new Set([text, ...meant.map(({ image_id }) => image_id)])];
}
