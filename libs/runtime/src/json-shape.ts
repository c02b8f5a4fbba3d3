import { Failure } from '@runvoy/core';

/** Nothing that is read here nests deeper than three. What walks a body by recursion is safe below this. */
const MAX_DEPTH = 32;

const QUOTE = 34;
const COMMA = 44;
const BACKSLASH = 92;
const OPEN_LIST = 91;
const CLOSE_LIST = 93;
const OPEN_OBJECT = 123;
const CLOSE_OBJECT = 125;

/**
 * Refuses what `JSON.parse` lets pass silently in a text it has accepted: a name given twice in one object (it keeps the last, another
 * reader the first), half a surrogate pair (it becomes U+FFFD wherever it is written as UTF-8), and nesting without end.
 * Fails with `INVALID_REQUEST`, naming the name. One pass, no recursion, and names never become properties of anything.
 */
export function checkJsonShape(text: string): void {
  /** The names seen in each open object; undefined for an open list. */
  const open: (Set<string> | undefined)[] = [];
  let isName = false;
  for (let at = 0; at < text.length; at += 1) {
    const sign = text.charCodeAt(at);
    if (sign === QUOTE) {
      const end = endOfString(text, at);
      const names = open.at(-1);
      if (names && isName) noteName(names, readString(text.slice(at, end + 1)));
      else if (mayBeBroken(text, at, end)) readString(text.slice(at, end + 1));
      isName = false;
      at = end;
    } else if (sign === OPEN_OBJECT || sign === OPEN_LIST) {
      isName = sign === OPEN_OBJECT;
      open.push(isName ? new Set() : undefined);
      if (open.length > MAX_DEPTH) refuse(`The body nests deeper than ${MAX_DEPTH} levels.`);
    } else if (sign === CLOSE_OBJECT || sign === CLOSE_LIST) {
      open.pop();
      isName = false;
    } else if (sign === COMMA) isName = open.at(-1) !== undefined;
  }
}

/** The closing quote: the next one with an even number of backslashes before it. */
function endOfString(text: string, start: number): number {
  let end = start;
  let backslashes: number;
  do {
    end = text.indexOf('"', end + 1);
    backslashes = 0;
    while (text.charCodeAt(end - 1 - backslashes) === BACKSLASH) backslashes += 1;
  } while (backslashes % 2 === 1);
  return end;
}

/** The body came as UTF-8, so half a pair can only have been written as an escape. */
function mayBeBroken(text: string, start: number, end: number): boolean {
  const escape = text.indexOf('\\u', start);
  return escape >= 0 && escape < end;
}

function readString(quoted: string): string {
  const value = JSON.parse(quoted) as string;
  if (!value.isWellFormed()) refuse('The body holds half a surrogate pair, which no UTF-8 can hold.');
  return value;
}

function noteName(names: Set<string>, name: string): void {
  if (names.has(name)) refuse(`The body names ${JSON.stringify(name.slice(0, 80))} more than once in one object.`);
  names.add(name);
}

function refuse(text: string): never {
  throw new Failure('INVALID_REQUEST', text);
}
