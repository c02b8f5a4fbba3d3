import type { CostBody, UsageBody } from '@runvoy/protocol';
import { counted, grouped, durationText } from '@runvoy/sdk/texts';

/** What a run used: `4.2 s, 120 vCPU-s, 90 GiB-s, 1,204 bytes of log, 20 store operations (time as the platform measured it, ...)`. */
export function usageText(usage: UsageBody): string {
  const parts = [
    durationText(usage.seconds * 1_000),
    `${amount(usage.vcpu_seconds)} vCPU-s`,
    `${amount(usage.gib_seconds)} GiB-s`,
    `${counted(usage.log_bytes, 'byte')} of log`,
    counted(usage.store_operations, 'store operation'),
  ];
  return `${parts.join(', ')} (${usage.basis})`;
}

/** What it cost: `0.002196 USD, estimated (...)`. */
export function costText({ estimate, currency, basis }: CostBody): string {
  return `${plain(estimate)} ${currency}, estimated (${basis})`;
}

function amount(value: number): string {
  const [whole = '', part] = value.toFixed(1).split('.');
  return part === '0' ? grouped(Number(whole)) : `${grouped(Number(whole))}.${part}`;
}

/** Never in powers of ten: `0.000000081`. */
function plain(value: number): string {
  return value.toFixed(9).replace(/\.?0+$/, '') || '0';
}
