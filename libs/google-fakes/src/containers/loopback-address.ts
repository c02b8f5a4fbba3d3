let taken = 0;

/**
 * A loopback address that no other task of this process has. Containers share the machine's network here, so that two
 * tasks that open the same port must not meet.
 */
export function loopbackAddress(): string {
  taken = (taken + 1) % (254 * 254);
  const second = 1 + (process.pid % 250);
  return `127.${second}.${1 + Math.floor(taken / 254)}.${1 + (taken % 254)}`;
}
