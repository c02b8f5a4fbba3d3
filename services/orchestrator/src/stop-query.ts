import { Failure } from '@runvoy/core';
import { LIMITS } from '@runvoy/protocol';

const YES = ['true', '1'];
const NO = [undefined, 'false', '0'];

/**
 * Reads `?force=true` and `?grace=S` of a stop: the grace in ms that it names, or `undefined` for the run's own. `force` is a grace
 * of 0. Fails with `INVALID_REQUEST` or `UNPROCESSABLE`, naming the parameter.
 */
export function readStopGrace(query: Readonly<Record<string, unknown>>): number | undefined {
  const { force, grace } = query;
  const isForced = YES.some((word) => word === force);
  if (!isForced && !NO.some((word) => word === force)) {
    throw new Failure('INVALID_REQUEST', 'invalid force parameter: it is true or false, once, and not empty');
  }
  if (grace === undefined) return isForced ? 0 : undefined;
  if (isForced) throw new Failure('INVALID_REQUEST', 'force and grace exclude each other: force is a grace of 0');
  if (typeof grace !== 'string' || !/^\d{1,9}(\.\d{1,3})?$/.test(grace)) {
    throw new Failure('INVALID_REQUEST', 'invalid grace parameter: it must be a number of seconds, once');
  }
  const limit = LIMITS.graceMaxMs / 1000;
  if (Number(grace) > limit) {
    throw new Failure('UNPROCESSABLE', `grace must be 0 to ${limit} seconds; got ${grace}.`);
  }
  return Math.round(Number(grace) * 1000);
}
