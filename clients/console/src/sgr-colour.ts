import type { SgrColour } from './sgr.ts';

const CUBE = [0, 95, 135, 175, 215, 255];

/**
 * A CSS colour. The first sixteen are theme variables, so that they stay readable on light and on dark ground;
 * the rest is the fixed table that terminals share.
 */
export function cssColour(colour: SgrColour): string {
  if (typeof colour !== 'number') return `rgb(${colour.join(' ')})`;
  if (colour < 16) return `var(--ansi-${colour})`;
  if (colour >= 232) {
    const grey = 8 + (colour - 232) * 10;
    return `rgb(${grey} ${grey} ${grey})`;
  }
  const place = colour - 16;
  return `rgb(${CUBE[Math.floor(place / 36)]} ${CUBE[Math.floor(place / 6) % 6]} ${CUBE[place % 6]})`;
}
