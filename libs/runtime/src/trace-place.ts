import { AsyncLocalStorage } from 'node:async_hooks';

/** Where the code that runs stands: what its log lines and its further spans belong to. */
export interface TracePlace {
  readonly traceId: string;
  readonly spanId: string;
  /** The span is recorded somewhere. */
  readonly isRecorded: boolean;
  /** The request in which it runs. */
  readonly requestId?: string;
}

const places = new AsyncLocalStorage<TracePlace>();

/** Runs `work`, and all that it starts, at this place. */
export function atPlace<T>(place: TracePlace, work: () => T): T {
  return places.run(place, work);
}

/** Where the running code stands; nothing outside of a request. */
export const currentPlace = (): TracePlace | undefined => places.getStore();
