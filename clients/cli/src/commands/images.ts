import type { ImageBody, RegisterImageRequest } from '@runvoy/protocol';
import type { RunvoyClient } from '@runvoy/sdk/client';
import type { Invocation } from '../invocation.ts';
import { printListing, type Shown } from '../listing.ts';
import { oneLine } from '../one-line.ts';
import { readCount } from '../read-count.ts';
import { runVerb, type Verb } from '../verbs.ts';

const VERBS: Readonly<Record<string, Verb>> = {
  register: {
    words: [1, 1],
    usage:
      'register <image> [--set-default] [--cpu N] [--memory MIB] [--network none] [--max-running N] [--task-role ACCOUNT]',
    ask: register,
  },
  list: { words: [0, 0], usage: 'list', ask: (api) => api.images() },
  show: { words: [1, 1], usage: 'show <image>', ask: (api, [image = '']) => api.image(image) },
  unregister: { words: [1, 1], usage: 'unregister <image-id>', ask: (api, [id = '']) => api.removeImage(id) },
};

const COLUMNS: readonly Shown<ImageBody>[] = [
  { title: 'Image ID', cell: ({ image_id }) => image_id },
  { title: 'Image', cuts: { turn: 1, least: 12 }, cell: ({ image }) => image },
  { title: 'Default', cell: ({ is_default }) => (is_default ? 'yes' : '') },
  { title: 'CPU', cell: ({ cpu }) => String(cpu) },
  { title: 'Memory', cell: ({ memory }) => String(memory) },
  { title: 'Network', cell: ({ network }) => network },
  { title: 'At once', cell: ({ max_running }) => (max_running === undefined ? '' : String(max_running)) },
];

/** `runvoy images`: what runs may run in. */
export function images(invocation: Invocation): Promise<number> {
  return runVerb('images', VERBS, invocation, print);
}

async function register(api: RunvoyClient, [image = '']: readonly string[], { options }: Invocation) {
  const [cpu, memory] = [readCount(options.text('cpu'), '--cpu'), readCount(options.text('memory'), '--memory')];
  const max_running = readCount(options.text('max-running'), '--max-running');
  const network = options.text('network');
  const texts = {
    runtime_platform: options.text('runtime-platform'),
    task_role_name: options.text('task-role'),
    task_execution_role_name: options.text('task-exec-role'),
  };
  const request: RegisterImageRequest = {
    image,
    ...(options.flag('set-default') ? { is_default: true } : {}),
    ...(cpu === undefined ? {} : { cpu }),
    ...(memory === undefined ? {} : { memory }),
    ...(max_running === undefined ? {} : { max_running }),
    ...(network === undefined ? {} : { network: network as 'none' | 'default' }),
    ...Object.fromEntries(Object.entries(texts).filter(([, text]) => text !== undefined)),
  };
  return api.registerImage(request);
}

function print(answer: unknown, _: string, invocation: Invocation): void {
  const { stdout, stderr } = invocation.terminal;
  const {
    images: listed,
    image_id,
    message,
    image,
  } = answer as {
    readonly images?: readonly ImageBody[];
    readonly image_id?: string;
    readonly message?: string;
    readonly image?: string;
  };
  if (listed) return printListing(invocation, listed, COLUMNS, 'no images');
  if (image_id === undefined) return void stderr.write(`${oneLine(message ?? 'done')}: ${oneLine(image ?? '')}\n`);
  for (const [name, value] of Object.entries(answer as ImageBody)) {
    stdout.write(`${`${name}:`.padEnd(26)}${oneLine(Array.isArray(value) ? value.join(', ') : String(value))}\n`);
  }
}
