import WebSocket from 'ws';
import {
  STREAM_PROTOCOL,
  type BareDisconnectFrame,
  type BareLogFrame,
  type Completeness,
  type LogsBody,
  type StreamFrame,
} from '@runvoy/protocol';

/** The doors a run is read by, each until it says that it is over. */
export const READER_FORMS = ['v2', 'events', 'bare', 'pages'] as const;
export type ReaderForm = (typeof READER_FORMS)[number];

/** A line as every door shows it. Bare frames know no stream. */
export interface SeenLine {
  readonly seq: number;
  readonly text: string;
  readonly stream?: string;
}

/** What one reader was shown over all its connections. */
export interface SeenRun {
  readonly form: ReaderForm;
  readonly lines: readonly SeenLine[];
  readonly gaps: readonly { readonly from: number; readonly to: number }[];
  /** What came a second time, or passed lines by without a word. */
  readonly wrong: readonly string[];
  readonly connections: number;
  /** How it was said to be; bare frames say nothing of it. */
  readonly completeness?: Completeness;
}

/** One who reads a run to its end, whatever breaks on the way. */
export interface RunReader {
  readonly seen: SeenRun;
  readonly done: Promise<SeenRun>;
}

const AGAIN_MS = 200;
/** How a bare frame names what will not come, under the number of the last of it. */
const MISSING = /^### runvoy: lines? (\d+)(?:-(\d+))? (?:is|are) missing$/;
const PAGE_LINES = 25;

/** Where a run is read. */
export interface RunDoors {
  /** As the run's answer has it, its ticket included. */
  readonly websocketUrl: string;
  /** A page of its log; rejects when nobody answers. */
  readonly page: (after: number, limit: number) => Promise<LogsBody>;
  /** From behind this line on; from the first unless told. */
  readonly after?: number;
}

/** Begins to read by one door. */
export function readRun(form: ReaderForm, doors: RunDoors): RunReader {
  const seen = new Seen(form, doors.after ?? 0);
  const done = Promise.withResolvers<SeenRun>();
  const connect = { v2: connectTyped, bare: connectBare, events: connectEvents, pages: connectPages }[form];
  const again = () => {
    if (seen.isOver) return done.resolve(seen);
    seen.connections += 1;
    connect(doors, seen).then(
      () => setTimeout(again, seen.isOver ? 0 : AGAIN_MS),
      () => setTimeout(again, AGAIN_MS),
    );
  };
  again();
  return { seen, done: done.promise };
}

class Seen implements SeenRun {
  readonly form: ReaderForm;
  readonly lines: SeenLine[] = [];
  readonly gaps: { readonly from: number; readonly to: number }[] = [];
  readonly wrong: string[] = [];
  connections = 0;
  isOver = false;
  completeness?: Completeness;
  cursor: number;

  constructor(form: ReaderForm, after: number) {
    this.form = form;
    this.cursor = after;
  }

  line(line: SeenLine): void {
    if (line.seq !== this.cursor + 1) this.wrong.push(`line ${line.seq} behind line ${this.cursor}`);
    this.lines.push(line);
    this.cursor = Math.max(this.cursor, line.seq);
  }

  gap({ from, to }: { readonly from: number; readonly to: number }): void {
    if (from !== this.cursor + 1) this.wrong.push(`a gap from ${from} behind line ${this.cursor}`);
    this.gaps.push({ from, to });
    this.cursor = Math.max(this.cursor, to);
  }

  /** True when it was the end. */
  frame(frame: StreamFrame): boolean {
    if (frame.type === 'lines') for (const line of frame.lines) this.line(line);
    if (frame.type === 'gap') this.gap(frame);
    if (frame.type !== 'end') return false;
    if (this.cursor < frame.lines) this.wrong.push(`an end at ${frame.lines} behind line ${this.cursor}`);
    this.completeness = frame.completeness;
    this.isOver = true;
    return true;
  }
}

function socketOf(url: string, protocol: string | undefined, take: (text: string) => void): Promise<void> {
  return new Promise((resolve) => {
    const socket = protocol === undefined ? new WebSocket(url) : new WebSocket(url, protocol);
    socket.on('message', (text: Buffer) => take(text.toString()));
    // Whatever it was: the close follows.
    socket.on('error', () => undefined);
    socket.on('close', () => resolve());
  });
}

const connectTyped = ({ websocketUrl }: RunDoors, seen: Seen): Promise<void> =>
  socketOf(`${websocketUrl}&after=${seen.cursor}`, STREAM_PROTOCOL, (text) => {
    seen.frame(JSON.parse(text) as StreamFrame);
  });

const connectBare = ({ websocketUrl }: RunDoors, seen: Seen): Promise<void> =>
  socketOf(`${websocketUrl}&last_event_id=${seen.cursor}`, undefined, (text) => {
    const frame = JSON.parse(text) as BareLogFrame | BareDisconnectFrame;
    if ('type' in frame) return void (seen.isOver = true);
    const seq = Number(frame.event_id);
    const [, from, to = from] = MISSING.exec(frame.message) ?? [];
    if (from !== undefined && Number(to) === seq) return seen.gap({ from: Number(from), to: seq });
    seen.line({ seq, text: frame.message });
  });

/** As an `EventSource` does it: what it has is the last id alone. */
async function connectEvents({ websocketUrl }: RunDoors, seen: Seen): Promise<void> {
  const url = websocketUrl.replace(/^ws/, 'http').replace('/stream?', '/stream/events?');
  const answer = await fetch(url, { headers: { 'Last-Event-ID': String(seen.cursor) } });
  if (!answer.ok || !answer.body) {
    await answer.body?.cancel();
    return;
  }
  let text = '';
  const decoder = new TextDecoder();
  for await (const bytes of answer.body) {
    text += decoder.decode(bytes, { stream: true });
    for (let at = text.indexOf('\n\n'); at >= 0; at = text.indexOf('\n\n')) {
      takeEvent(text.slice(0, at), seen);
      text = text.slice(at + 2);
    }
    if (seen.isOver) return;
  }
}

function takeEvent(text: string, seen: Seen): void {
  const field = (name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(text)?.[1];
  const data = field('data');
  if (data === undefined) return;
  if (field('event') !== undefined) return void seen.frame(JSON.parse(data) as StreamFrame);
  seen.line({ ...(JSON.parse(data) as SeenLine), seq: Number(field('id')) });
}

/** Page by page with the last one's `next_after`. */
async function connectPages({ page }: RunDoors, seen: Seen): Promise<void> {
  const { events, gaps, next_after, completeness } = await page(seen.cursor, PAGE_LINES);
  for (const { event_id, message, stream } of events ?? []) {
    const seq = Number(event_id);
    const named = gaps?.find(({ from, to }) => from <= seen.cursor + 1 && to === seq - 1);
    if (named) seen.gap({ from: seen.cursor + 1, to: named.to });
    seen.line({ seq, text: message, stream });
  }
  if (next_after !== undefined) return;
  const rest = gaps?.find(({ from, to }) => from <= seen.cursor + 1 && to > seen.cursor);
  if (rest) seen.gap({ from: seen.cursor + 1, to: rest.to });
  if (completeness) seen.completeness = completeness;
  seen.isOver = true;
}
