/** runvoy's list: a variable whose name contains one of these holds a secret. */
const SECRET_WORDS = ['ACCESS_KEY', 'API_KEY', 'PASSWORD', 'PRIVATE_KEY', 'SECRET', 'TOKEN'];

/** True when a variable of this name should be masked in logs, whoever set it. */
export function looksSecret(name: string): boolean {
  const upper = name.toUpperCase();
  return SECRET_WORDS.some((word) => upper.includes(word));
}
