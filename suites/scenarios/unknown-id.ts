import type { Random } from '../../harness/random.js';

/** Far enough ahead that no stream gets there while it is watched. */
const AHEAD = 1_000_000n;
const DIGITS = '0123456789';
const HEX = '0123456789abcdef';
/** Crockford's base 32, of ULIDs: letters that every other alphabet has too. */
const LETTERS = 'abcdefghjkmnpqrstvwxyz';

/**
 * An id of the same make that the server never gave: a number far ahead (as after a restart that began to count again), a text
 * that sorts before all others (as of a stream that was before this one).
 */
export function unknownId(known: string, random: Random): string {
  if (/^-?\d+$/.test(known)) return (BigInt(known) + AHEAD).toString().padStart(known.length, '0');
  if (known.startsWith('{')) return known.replace(/\d+/g, (digits) => (BigInt(digits) + AHEAD).toString());
  const prefix = /^[A-Za-z]+[_:-]/.exec(known)?.[0] ?? '';
  const isHex = /^[0-9a-f-]+$/i.test(known);
  let isLowered = false;
  const rest = [...known.slice(prefix.length)].map((char) => {
    if (!/[0-9A-Za-z]/.test(char)) return char;
    if (!isLowered) {
      // The first that can be lowered is: what sorts by time then lies in the past.
      isLowered = char !== '0';
      return '0';
    }
    const alphabet = /\d/.test(char) ? DIGITS : isHex ? HEX : LETTERS;
    const other = alphabet[random.integer(0, alphabet.length - 1)] ?? '0';
    return char === char.toUpperCase() ? other.toUpperCase() : other;
  });
  return prefix + rest.join('');
}
