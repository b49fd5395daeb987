/** What every target program shares: the description that tests read without starting it, and the scale of its timers. */

export interface FlawMeta {
  readonly role: 'client' | 'server';
  /** The check that must fail. */
  readonly trips: string;
  /** Further checks that the very same cause may trip (CHECKLIST rule 22). */
  readonly implies?: readonly string[];
}

const scale = Number(process.env.HOLDFAST_SCALE ?? 1) || 1;

/** A timer of a target: HOLDFAST_SCALE=0.1 makes all of them ten times as fast. */
export function scaledMs(ms: number): number {
  return ms * scale;
}

/** An application's report for Holdfast: one JSON object a line on stdout. */
export function report(event: string, facts: Readonly<Record<string, unknown>> = {}): void {
  process.stdout.write(`${JSON.stringify({ event, ...facts })}\n`);
}
