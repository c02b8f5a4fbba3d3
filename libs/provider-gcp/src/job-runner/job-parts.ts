import { isMessage, messages, text, type Message } from './message.ts';
import { wholeNumber } from './google-values.ts';

/**
 * What of a Job decides who runs what, and how often, in one form for the Job as it is written and as it is answered. Sizes are left
 * out: Cloud Run may write a quantity in another unit.
 */
export function partsOf(job: Message): string {
  const { template } = isMessage(job['template']) ? job['template'] : {};
  const task = isMessage(template) ? template : {};
  return JSON.stringify({
    maxRetries: wholeNumber(task['maxRetries']),
    serviceAccount: text(task['serviceAccount']),
    containers: messages(task['containers']).map((container) => ({
      name: text(container['name']),
      image: text(container['image']),
      command: container['command'] ?? [],
      args: container['args'] ?? [],
      env: messages(container['env']).map(({ name, value }) => [text(name), text(value)]),
      dependsOn: container['dependsOn'] ?? [],
    })),
  });
}
