import type { LogStream } from '@runvoy/protocol';
import { regExpMatcher, type TextMatcher } from './text-matcher.ts';

/*
 * What counts as an error line. The list is short on purpose: a wrong "first error" costs more than a missed one, for which there is the
 * search. docs/logs.md tells it to readers.
 */

/** On stderr the word is enough: what is written there is meant to be noticed. */
const ON_STDERR = new RegExp(
  `\\b(?:${anyCase('error|fatal|panic|panicked|exception|traceback|segmentation fault')})\\b|\\b[A-Z]\\w*(?:Error|Exception)\\b|\\bERR!`,
  'g',
);

/**
 * A part of an expression in either case. Not `(?i:...)`: V8 14.6 takes no capitals for such alternatives where it does not optimize,
 * and it no longer does in a process that has compiled much (`node --no-regexp-optimization`).
 */
function anyCase(words: string): string {
  return words.replaceAll(/[a-z]/g, (letter) => `[${letter}${letter.toUpperCase()}]`);
}

/** On stdout, where programs say ordinary things, it has to stand as a level does, or begin the line. */
const ON_STDOUT =
  /\b(?:ERROR|FATAL|PANIC)\b|\bERR!|^\s*(?:[Ee]rror|[Ff]atal(?: error)?|panic)(?:\[\w+\])?:|^Traceback \(most recent call last\)|^\s*(?:(?:Uncaught|Unhandled) )?[A-Z]\w*(?:Error|Exception)(?=:|$)|^Exception in thread\b|^thread '[^']*' (?:\(\d+\) )?panicked\b/g;

/** `no errors`, `0 error(s)`: said when there is none. */
const DENIED_BEFORE = /(?:^|[^\w.])(?:no|0|zero|without(?: any)?)\s+$/i;
/** `error: 0`, `error=null`. */
const DENIED_BEHIND = /^\s*[:=]\s*(?:0|none|null|nil|false|undefined)\b/i;

/** A part of a name, an option or a path (`--fail-on-error`, `error.log`, `src/error/`) says nothing of an error. */
function isMeant(text: string, start: number, end: number): boolean {
  const before = text[start - 1] ?? '';
  // `java.lang.IllegalStateException` is a class by its whole name; `log.error` is none.
  if (before === '.' ? !/[A-Z]/.test(text[start] ?? '') : /[-/\\_]/.test(before)) return false;
  if (/^(?:[-/\\_]|\.\w)/.test(text.slice(end, end + 2))) return false;
  const isDenied =
    DENIED_BEFORE.test(text.slice(Math.max(0, start - 16), start)) || DENIED_BEHIND.test(text.slice(end, end + 24));
  return !isDenied;
}

const BOUNDS = { stretch: 64 * 1024, overlap: 1024 };

const matchers: Readonly<Record<LogStream, TextMatcher | undefined>> = {
  stderr: regExpMatcher(ON_STDERR, BOUNDS, isMeant),
  stdout: regExpMatcher(ON_STDOUT, BOUNDS, isMeant),
  // Ours say how the run went; they are no errors of the command.
  system: undefined,
};

/** What finds error lines of a stream; undefined where none are looked for. */
export function errorMatcher(stream: LogStream): TextMatcher | undefined {
  return matchers[stream];
}
