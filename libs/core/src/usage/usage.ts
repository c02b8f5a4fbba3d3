import { isTerminal, type UsageBody } from '@runvoy/protocol';
import type { Execution } from '../executions/execution.ts';
import { storeUseOf } from './store-use.ts';

/** How a platform charges the time of one instance. */
interface Charging {
  /** It charges at least this, s. */
  readonly least: number;
  /** Parts of a second that count as whole ones, 1/s. */
  readonly parts: number;
}

/**
 * Cloud Run charges a job's instance from its start to its end, rounded up to 100 ms (https://cloud.google.com/run/pricing), and at
 * least one minute. Nobody charges for this machine.
 */
const CHARGING: Readonly<Record<string, Charging>> = { 'cloud-run': { least: 60, parts: 10 } };
const MIB_A_GIB = 1_024;
const CPU_SHARES = 1_024;

/** One instance that the platform ran for an execution. */
interface Instance {
  readonly seconds: number;
  readonly charged: number;
  readonly vcpu: number;
  readonly gib: number;
  readonly isPlatformTime: boolean;
}

/** What a finished run used, from what is stored of it: reading it asks nothing of the store. `undefined` while it may use more. */
export function usageOf(execution: Execution): UsageBody | undefined {
  // What ran elsewhere used nothing here.
  if (!isTerminal(execution.status) || execution.imported) return undefined;
  const instances = instancesOf(execution);
  const sum = (of: (instance: Instance) => number) => thousandths(instances.reduce((all, one) => all + of(one), 0));
  const seconds = sum((one) => one.seconds);
  const log_bytes = execution.end_record?.bytes ?? 0;
  const store = storeUseOf(execution, seconds);
  return {
    seconds,
    charged_seconds: sum((one) => one.charged),
    vcpu_seconds: sum((one) => one.charged * one.vcpu),
    gib_seconds: sum((one) => one.charged * one.gib),
    log_bytes,
    store_operations: store.reads + store.writes,
    store_reads: store.reads,
    store_writes: store.writes,
    basis: basisOf(execution, instances),
  };
}

/** Every attempt that the platform ran, one that was refused its bootstrap included: it is charged as well. */
function instancesOf(execution: Execution): Instance[] {
  const { attempts, bound } = execution.facts;
  return attempts.flatMap((attempt) => {
    const { end } = attempt;
    if (!end || end.kind === 'never_started') return [];
    const begun = end.started_at_ms ?? (bound?.attempt === attempt.attempt ? bound.at_ms : undefined);
    if (begun === undefined) return [];
    const seconds = Math.max(0, end.at_ms - begun) / 1_000;
    return [
      {
        seconds,
        charged: charged(seconds, CHARGING[execution.isolation]),
        vcpu: end.vcpu ?? execution.cpu / CPU_SHARES,
        gib: (end.memory_mib ?? execution.memory_mib) / MIB_A_GIB,
        isPlatformTime: end.started_at_ms !== undefined,
      },
    ];
  });
}

function charged(seconds: number, charging: Charging | undefined): number {
  if (!charging) return seconds;
  return Math.max(charging.least, Math.ceil(seconds * charging.parts) / charging.parts);
}

/** To whoever pays and has never seen the code: what is measured, what is worked out, what is left out. */
function basisOf({ isolation, end_record, facts }: Execution, instances: readonly Instance[]): string {
  const isCharged = isolation in CHARGING;
  const [last] = instances;
  const time = !last
    ? [
        facts.restored && facts.bound
          ? 'its time is not counted, because its end is not known here'
          : 'nothing of it ran',
      ]
    : [
        `${instances.every((one) => one.isPlatformTime) ? 'time as the platform measured it' : 'time from when its runner got the command to the end'}${
          isCharged ? ', in steps of 0.1 s and at least a minute for each start, as it is charged' : ''
        }`,
        isCharged
          ? 'vCPU and memory of its container and of the runner beside it'
          : 'vCPU and memory that its image asks for',
      ];
  const log = end_record ? [] : ['its log is not counted, because its runner sent no total'];
  return [...time, 'store operations are worked out, not counted', ...log].join('; ');
}

function thousandths(value: number): number {
  return Math.round(value * 1_000) / 1_000;
}
