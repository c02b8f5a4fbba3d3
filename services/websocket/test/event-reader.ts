/** One server-sent event. `message` is the name of one without a name. */
export interface SeenEvent {
  readonly name: string;
  readonly id?: string;
  readonly data: Record<string, unknown>;
}

/** A stream of events as a client has it. */
export interface Events {
  readonly status: number;
  readonly headers: Headers;
  /** All that came until the server ended the answer. */
  readonly all: Promise<readonly SeenEvent[]>;
  /** Resolves when the line of this number is here. */
  untilLine(seq: number): Promise<void>;
}

/** Reads a stream of events to its end. Comments and `retry` are left out. */
export async function readEvents(url: string, headers: Record<string, string>): Promise<Events> {
  const answer = await fetch(url, { headers });
  const seen: SeenEvent[] = [];
  const waiting: { seq: number; resolve: () => void }[] = [];
  const read = async () => {
    let text = '';
    for await (const part of (answer.body ?? new ReadableStream()).pipeThrough(new TextDecoderStream())) {
      text += part;
      for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
        const event = eventIn(text.slice(0, end));
        text = text.slice(end + 2);
        if (event) seen.push(event);
      }
      const last = Number(seen.findLast(({ name }) => name === 'message')?.id ?? 0);
      for (const { seq, resolve } of waiting) if (seq <= last) resolve();
    }
    return seen;
  };
  return {
    status: answer.status,
    headers: answer.headers,
    all: answer.ok
      ? read()
      : answer.json().then((body) => [{ name: 'refused', data: body as Record<string, unknown> }]),
    untilLine: (seq) => new Promise((resolve) => void waiting.push({ seq, resolve })),
  };
}

function eventIn(text: string): SeenEvent | undefined {
  const fields = new Map(
    text.split('\n').map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)] as const),
  );
  const data = fields.get('data');
  if (data === undefined) return undefined;
  const id = fields.get('id');
  return {
    name: fields.get('event') ?? 'message',
    ...(id === undefined ? {} : { id }),
    data: JSON.parse(data) as Record<string, unknown>,
  };
}
