import { SINK_FILTERS } from '../../emulated/sink-filters.ts';
import { blocksIn, each, ofType, textOf, type Policy } from './planned.ts';

const DEAD_LETTERS = 'runvoy-events-dead-letters';
const SUBSCRIPTION = 'google_pubsub_subscription';
/** Backoff of at most so many seconds, by topic: a line of a log is waited for. */
const LONGEST_BACKOFF: Readonly<Record<string, string>> = { 'runvoy-logs': '60s' };

const everyTopicIsPushed: Policy = (resources) => {
  const subscribed = ofType(resources, SUBSCRIPTION).map(({ after }) => textOf(after['topic']));
  return ofType(resources, 'google_pubsub_topic').flatMap(({ address, after }) =>
    subscribed.includes(textOf(after['name'])) ? [] : [`${address}: nobody takes what is published here.`],
  );
};

const everyTopicHasDeadLetters = each(
  SUBSCRIPTION,
  (after) => {
    if (after['topic'] === DEAD_LETTERS) return true;
    const [policy] = blocksIn(after, 'dead_letter_policy');
    return (
      textOf(policy?.['dead_letter_topic']).endsWith(`/topics/${DEAD_LETTERS}`) &&
      policy?.['max_delivery_attempts'] === 100
    );
  },
  'has no place for what nobody can carry out.',
);

const pushedAsTheCaller = each(
  SUBSCRIPTION,
  (after) => {
    const [push] = blocksIn(after, 'push_config');
    const [token] = blocksIn(push ?? {}, 'oidc_token');
    const [retry] = blocksIn(after, 'retry_policy');
    const url = textOf(push?.['push_endpoint']);
    return (
      /^https:\/\/runvoy-processor-[\w.-]+\/events/.test(url) &&
      url.startsWith(textOf(token?.['audience'])) &&
      textOf(token?.['service_account_email']).startsWith('runvoy-caller@') &&
      after['ack_deadline_seconds'] === 60 &&
      retry?.['minimum_backoff'] === '10s' &&
      retry['maximum_backoff'] === (LONGEST_BACKOFF[textOf(after['topic'])] ?? '600s') &&
      blocksIn(after, 'expiration_policy')[0]?.['ttl'] === ''
    );
  },
  'is not pushed to the processor as the caller, or not as often and long as it should be.',
);

/** A service whose own lines came back to it would print more lines about them. */
const sinksCatchRunsAlone: Policy = (resources) =>
  ofType(resources, 'google_logging_project_sink').flatMap(({ address, after }) => {
    const [destination, filter] = [textOf(after['destination']), textOf(after['filter'])];
    if (destination.startsWith('pubsub.')) {
      const wanted = destination.endsWith('/topics/runvoy-events') ? SINK_FILTERS.events : SINK_FILTERS.logs;
      return filter === wanted ? [] : [`${address}: not the filter that the fakes run with.`];
    }
    if (destination.startsWith('bigquery.')) return [];
    const isApart = destination.startsWith('logging.') && destination.endsWith('/buckets/runvoy-runs');
    return isApart && filter === SINK_FILTERS.logs ? [] : [`${address}: keeps other lines than those of runs.`];
  });

const runLogsAreApart: Policy = (resources) => {
  const excluded = ofType(resources, 'google_logging_project_exclusion').some(
    ({ after }) => after['filter'] === SINK_FILTERS.logs,
  );
  const kept = ofType(resources, 'google_logging_project_bucket_config').some(
    ({ after }) => after['retention_days'] === 30,
  );
  return [
    ...(excluded ? [] : ['What runs print stands in the bucket _Default too.']),
    ...(kept ? [] : ['What runs print is not kept for 30 days.']),
  ];
};

const ticksAsTheCaller: Policy = (resources) => {
  const jobs = ofType(resources, 'google_cloud_scheduler_job').filter(({ name }) => name === 'processor');
  return jobs.length === 2 && jobs.every(({ after }) => isTick(after))
    ? []
    : ['The ticks are not those that the fakes run with.'];
};

function isTick(after: Readonly<Record<string, unknown>>): boolean {
  const [target] = blocksIn(after, 'http_target');
  const event = JSON.parse(Buffer.from(textOf(target?.['body']), 'base64').toString()) as { readonly type: string };
  const job = textOf(after['name']).replace('runvoy-', '');
  const [token] = blocksIn(target ?? {}, 'oidc_token');
  return (
    event.type === `dev.runvoy.${job}.v1` &&
    textOf(target?.['uri']).endsWith('/events/tick') &&
    textOf(token?.['service_account_email']).startsWith('runvoy-caller@')
  );
}

export const messagePolicies: readonly Policy[] = [
  everyTopicIsPushed,
  everyTopicHasDeadLetters,
  pushedAsTheCaller,
  sinksCatchRunsAlone,
  runLogsAreApart,
  ticksAsTheCaller,
];
