import type { EventBody } from './contract.js';

/**
 * Codes of obstacles that take from a scenario what it was measured with: whatever happened to its connections may be
 * the harness's doing, so that nothing in it is decided.
 */
export const LOST = {
  toxiproxy: 'TOXIPROXY_LOST',
  descriptors: 'OUT_OF_DESCRIPTORS',
  ports: 'OUT_OF_PORTS',
  memory: 'OUT_OF_MEMORY',
  processes: 'OUT_OF_PROCESSES',
  unread: 'NOT_READ',
} as const;

const CODES: ReadonlySet<string> = new Set(Object.values(LOST));

/** A target sent more in one message than is read of any: what its session saw from there on says nothing about it. */
export function notRead(why: string): EventBody {
  return { type: 'obstacle', code: LOST.unread, text: `Holdfast read a session no further: ${why}` };
}

export function takesMeasure(code: string): boolean {
  return CODES.has(code);
}
