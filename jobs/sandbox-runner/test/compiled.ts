const cache = process.env['NODE_COMPILE_CACHE'];

/** For the environment of a process of ours: without it each would take the types away anew; an image holds them compiled. */
export const COMPILED: Readonly<Record<string, string>> = cache ? { NODE_COMPILE_CACHE: cache } : {};
