import type { ReadDeadLetterMark } from '@runvoy/core';

/** Attributes that we put on a message of the dead-letter topic. */
export const REASON = 'runvoy-reason';
export const ROUTE = 'runvoy-route';

/**
 * Attributes that Pub/Sub puts on what it forwards to a dead-letter topic by itself
 * (https://cloud.google.com/pubsub/docs/handling-failures#dead_letter_topic).
 */
const SUBSCRIPTION = 'CloudPubSubDeadLetterSourceSubscription';
const DELIVERIES = 'CloudPubSubDeadLetterSourceDeliveryCount';

/**
 * A reader of what stands beside a message of the dead-letter topic: why it is there, after how many deliveries, which route refused
 * it. What Pub/Sub forwarded has no reason but that it was refused; its route follows from the subscription, whose name begins with
 * that of its topic.
 */
export function deadLetterMarks({ logsTopic }: { readonly logsTopic: string }): ReadDeadLetterMark {
  return (attributes) => {
    const reason = attributes[REASON];
    const route = attributes[ROUTE];
    if (reason !== undefined) return { reason, route: route ?? '/events', attempts: 1 };
    const subscription = attributes[SUBSCRIPTION] ?? '';
    const attempts = Number(attributes[DELIVERIES]) || 0;
    const by = subscription === '' ? 'the receiver' : `the receiver behind ${subscription}`;
    return {
      reason: `Refused ${attempts} times by ${by}, whose log says why.`,
      route: subscription.startsWith(logsTopic) ? '/events/logs' : '/events',
      attempts,
    };
  };
}
