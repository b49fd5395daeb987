import { randomBytes } from 'node:crypto';

/**
 * The only source of chance: a seeded generator (mulberry32) whose streams are told apart by a label, so that what one
 * scenario draws never shifts what another does.
 */
export interface Random {
  /** Uniform in [0, 1). */
  next(): number;
  /** Uniform integer in [from, to]. */
  integer(from: number, to: number): number;
  /** A string of lower-case letters and digits. */
  token(length: number): string;
  /** An independent stream of the same seed. */
  fork(label: string): Random;
}

export function createRandom(seed: number, label = ''): Random {
  let state = hash32(`${seed}/${label}`);
  const next = () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
  return {
    next,
    integer: (from, to) => from + Math.floor(next() * (to - from + 1)),
    token: (length) =>
      Array.from({ length }, () => 'abcdefghijklmnopqrstuvwxyz0123456789'[Math.floor(next() * 36)]).join(''),
    fork: (inner) => createRandom(seed, `${label}/${inner}`),
  };
}

/** A fresh seed for a run that was given none; printed, so that the run can be repeated. */
export function freshSeed(): number {
  return Math.floor(Math.random() * 0x7fffffff);
}

/** What nobody can guess, also who knows the seed: 128 bits. */
export function secretToken(): string {
  return randomBytes(16).toString('base64url');
}

/** FNV-1a. */
function hash32(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) {
    hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  }
  return hash >>> 0;
}
