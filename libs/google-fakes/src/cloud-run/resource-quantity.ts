const UNITS: Record<string, number> = {
  '': 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  Ki: 1024,
  Mi: 1024 ** 2,
  Gi: 1024 ** 3,
};

/** `512Mi`, `2Gi`, `1G`, `1073741824`, in bytes; nothing when it is none of these. */
export function bytesOfMemory(quantity: string): number | undefined {
  const [, number, unit] = /^(\d+(?:\.\d+)?)(Ki|Mi|Gi|k|M|G)?$/.exec(quantity) ?? [];
  return number === undefined ? undefined : Number(number) * (UNITS[unit ?? ''] ?? 1);
}

/** `1`, `0.5`, `500m`, in thousandths; nothing when it is none of these. */
export function milliCpu(quantity: string): number | undefined {
  const [, number, milli] = /^(\d+(?:\.\d+)?)(m)?$/.exec(quantity) ?? [];
  return number === undefined ? undefined : Math.round(Number(number) * (milli ? 1 : 1000));
}
