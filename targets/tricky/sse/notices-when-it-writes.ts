/** Tricky: does not listen for the end of its clients: it learns of it from a write that fails, and sweeps its list every 4 s. */
import type { TrickyMeta } from '../../program';
import { scaledMs } from '../../program';
import { startServer } from '../../sse-server';

export const meta: TrickyMeta = {
  role: 'server',
  trick: 'learns that a client left from a write that fails, and cleans up 4 s later',
  fine: ['sse/ignored-disconnect'],
};

const SWEEP_MS = 4_000;

if (require.main === module) {
  startServer({ endsHalfOpen: false, left: (_, forget) => void setTimeout(forget, scaledMs(SWEEP_MS)) });
}
