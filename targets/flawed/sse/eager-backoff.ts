/** Flaw: begins its backoff at 8 s; the rest is as it must be. */
import type { FlawMeta } from '../../program';
import { startClient } from '../../sse-client';

export const trips = 'sse/eager-backoff';
export const meta: FlawMeta = { role: 'client', trips };

const ceilingMs = (failures: number) => Math.min(60_000, 8_000 * 1.4 ** failures);

if (require.main === module)
  startClient({
    leastMs: (failures) => 0.6 * ceilingMs(failures),
    jitterMs: (failures) => 0.8 * ceilingMs(failures) * Math.random(),
  });
