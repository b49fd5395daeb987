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
} as const;

const CODES: ReadonlySet<string> = new Set(Object.values(LOST));

export function takesMeasure(code: string): boolean {
  return CODES.has(code);
}
