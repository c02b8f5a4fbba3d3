/** Sent with every bootstrap, so that a server can tell an old runner from a broken one. */
export const RUNNER_VERSION = '0.1.0';
