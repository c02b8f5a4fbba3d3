import type { SgrColour } from './sgr.ts';

const CUBE = [0, 95, 135, 175, 215, 255];

/**
 * A CSS colour for text. The first sixteen are theme variables, so that they stay readable on light and on dark ground;
 * the rest is the fixed table that terminals share.
 */
export function inkColour(colour: SgrColour): string {
  if (typeof colour !== 'number') return `rgb(${colour.join(' ')})`;
  if (colour < 16) return `var(--ansi-${colour})`;
  return tableColour(colour);
}

/** A CSS colour for what is behind text: the first sixteen are middle tones that carry dark and light text. */
export function groundColour(colour: SgrColour): string {
  return typeof colour === 'number' && colour < 16 ? `var(--ansi-ground-${colour})` : inkColour(colour);
}

/**
 * A CSS colour for text on a coloured ground. Black and white mean themselves there;
 * on the bare page the theme bends them towards readable.
 */
export function inkOnGround(colour: SgrColour): string {
  if (colour === 0) return '#111';
  if (colour === 7) return '#eee';
  if (colour === 15) return '#fff';
  return inkColour(colour);
}

function tableColour(colour: number): string {
  if (colour >= 232) {
    const grey = 8 + (colour - 232) * 10;
    return `rgb(${grey} ${grey} ${grey})`;
  }
  const place = colour - 16;
  return `rgb(${CUBE[Math.floor(place / 36)]} ${CUBE[Math.floor(place / 6) % 6]} ${CUBE[place % 6]})`;
}
