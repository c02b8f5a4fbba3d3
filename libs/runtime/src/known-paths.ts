/** Which methods a path answers: what a 405 says in `Allow`. */
export interface KnownPaths {
  add(method: string, pattern: string): void;
  /** Empty when nothing answers at this path. */
  methodsOf(path: string): readonly string[];
}

/** The router tells what matches a method and a path, never what else a path would answer. */
export function newKnownPaths(): KnownPaths {
  const methodsByPattern = new Map<string, Set<string>>();
  return {
    add(method, pattern) {
      // What takes every path knows none of them.
      if (/^\/?\*$/.test(pattern)) return;
      const methods = methodsByPattern.get(pattern) ?? new Set();
      methodsByPattern.set(pattern, methods.add(method));
    },
    methodsOf(path) {
      const found = [...methodsByPattern].filter(([pattern]) => matches(segments(pattern), segments(path)));
      return [...new Set(found.flatMap(([, methods]) => [...methods]))].toSorted();
    },
  };
}

/** Trailing slashes are ignored, as the router does. */
function segments(path: string): readonly string[] {
  return path.replace(/\/$/, '').split('/');
}

function matches(pattern: readonly string[], path: readonly string[]): boolean {
  const isOpen = pattern.at(-1) === '*';
  if (isOpen ? path.length < pattern.length : path.length !== pattern.length) return false;
  return pattern.every((part, i) => part === '*' || (part.startsWith(':') ? path[i] !== '' : part === path[i]));
}
