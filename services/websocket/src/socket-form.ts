import type { Frame, FrameForm } from './frame-form.ts';

/**
 * A form as its bytes on a WebSocket: text messages (RFC 6455, 5.2) with their heads, in one piece. It is made once for all viewers and
 * written as it is. `ws` would make each head again for every viewer, and two writes of it.
 */
export function socketForm(form: FrameForm): FrameForm {
  return {
    hello: (hello) => onePiece(form.hello(hello)),
    status: (status) => onePiece(form.status(status)),
    chunk: (chunk) => onePiece(form.chunk(chunk)),
    lines: (lines) => onePiece(form.lines(lines)),
    gap: (gap, atMs) => onePiece(form.gap(gap, atMs)),
    end: (end) => onePiece(form.end(end)),
  };
}

/** A whole text message. What a server sends is not masked. */
const TEXT = 0x81;
/** The longest that the second byte says itself, and what it says of longer ones: how many bytes their length has. */
const SHORT = { most: 125, twoBytes: 126, eightBytes: 127 } as const;

function onePiece(messages: readonly Frame[]): readonly Frame[] {
  if (messages.length === 0) return [];
  let size = 0;
  for (const { length } of messages) size += headBytes(length) + length;
  // Of its own memory: a part of a pool would keep all of the pool for as long as the slowest viewer needs it.
  const piece = Buffer.allocUnsafeSlow(size);
  let at = 0;
  for (const message of messages) {
    at = writeHead(piece, at, message.length);
    piece.set(message, at);
    at += message.length;
  }
  return [piece];
}

function headBytes(length: number): number {
  if (length <= SHORT.most) return 2;
  return length <= 0xffff ? 4 : 10;
}

function writeHead(piece: Buffer, at: number, length: number): number {
  piece[at] = TEXT;
  if (length <= SHORT.most) return piece.writeUInt8(length, at + 1);
  if (length <= 0xffff) return piece.writeUInt16BE(length, piece.writeUInt8(SHORT.twoBytes, at + 1));
  return piece.writeBigUInt64BE(BigInt(length), piece.writeUInt8(SHORT.eightBytes, at + 1));
}
