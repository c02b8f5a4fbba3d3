/** Who may be cut from whom. */
export const LINKS = [
  'runner and intake',
  'services and store',
  'services and platform',
  'live view and store',
  'reader and live view',
  'reader and API',
] as const;

export type Link = (typeof LINKS)[number];
