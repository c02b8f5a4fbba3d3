import { bareForm, END_ID, eventForm, typedForm, type Frame, type FrameForm } from '@runvoy/websocket/viewing';
import type { BareDisconnectFrame, BareLogFrame, LogLine, StreamFrame } from '@runvoy/protocol';
import type { ReaderForm } from './plan.ts';
import type { ToldEnd } from './seen-log.ts';

/** What a frame says to whoever reads it. */
export type Said =
  | { readonly lines: readonly LogLine[] }
  | { readonly from: number; readonly to: number }
  | { readonly end: ToldEnd }
  | { readonly toldBare: BareLogFrame };

/** How a kind of client reads, and by what it resumes. */
export interface FrameReader {
  readonly form: FrameForm;
  /** What stands in one frame, in order. */
  read(frame: Frame): readonly Said[];
}

/** A client of each form, written from what the wire promises. */
export const FRAME_READERS: Readonly<Record<Exclude<ReaderForm, 'pages'>, FrameReader>> = {
  v2: { form: typedForm, read: (frame) => saidBy(JSON.parse(textOf(frame)) as StreamFrame) },
  events: { form: eventForm, read: (frame) => textOf(frame).split('\n\n').flatMap(readEvent) },
  bare: { form: bareForm, read: readBare },
};

const textOf = (frame: Frame): string => Buffer.from(frame).toString();

function saidBy(frame: StreamFrame): readonly Said[] {
  switch (frame.type) {
    case 'lines':
      return [{ lines: frame.lines }];
    case 'gap':
      return [{ from: frame.from, to: frame.to }];
    case 'end':
      return [{ end: frame }];
    default:
      return [];
  }
}

/** A line is a message whose id is its number; whoever resumes by that id has to be shown the next one. */
function readEvent(text: string): readonly Said[] {
  const fields = new Map(text.split('\n').map((row) => row.split(/: (.*)/s).slice(0, 2) as [string, string]));
  const data = fields.get('data');
  if (data === undefined) return [];
  const name = fields.get('event');
  if (name !== undefined) {
    const said = saidBy(JSON.parse(data) as StreamFrame);
    if (name === 'end' && fields.get('id') !== END_ID) throw new Error('an end without its id');
    return said;
  }
  const line = JSON.parse(data) as LogLine;
  // An EventSource knows the id alone.
  return [{ lines: [{ ...line, seq: Number(fields.get('id')) }] }];
}

function readBare(frame: Frame): readonly Said[] {
  const told = JSON.parse(textOf(frame)) as BareLogFrame | BareDisconnectFrame;
  return 'type' in told ? [{ end: {} }] : [{ toldBare: told }];
}
