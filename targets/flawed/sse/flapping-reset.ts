/** Flaw: takes the head of an answer for a success, and begins its backoff anew with each one: 3 to 4.5 s each time. */
import type { FlawMeta } from '../../program';
import { startClient } from '../../sse-client';

export const trips = 'sse/flapping-reset';
export const meta: FlawMeta = { role: 'client', trips };

const ceilingMs = (failures: number) => Math.min(30_000, 4_500 * 2 ** failures);

if (require.main === module)
  startClient({
    stableMs: 0,
    leastMs: (failures) => 0.67 * ceilingMs(failures),
    jitterMs: (failures) => 0.33 * ceilingMs(failures) * Math.random(),
  });
