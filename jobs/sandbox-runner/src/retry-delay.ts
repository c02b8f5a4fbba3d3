/**
 * How long to wait before the next try: soon after the first failure (a kept-alive connection of a restarted server breaks
 * once), about every 250 ms while a local server restarts, up to 2 s when it stays away. With jitter, because many
 * supervisors wait for the same server.
 */
export function retryDelay(failures: number, random: () => number = Math.random): number {
  const base = failures <= 1 ? 25 : failures <= 240 ? 250 : Math.min(250 + (failures - 240) * 10, 2_000);
  return base * (0.75 + random() * 0.5);
}
